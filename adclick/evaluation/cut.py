"""A way to divide rows into slices: by the values of a column, or of two."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np

from adclick.arrays import Array
from adclick.evaluation.rows import Block


@dataclass(frozen=True)
class Cut:
    """Slices that have no row in common, of one column or of several.

    For each column, `parts` are the names of its own slices, and `maps` which of these each of its
    codes lies in.
    """

    columns: tuple[str, ...]
    parts: tuple[tuple[str, ...], ...]
    maps: tuple[Array, ...]

    @property
    def name(self) -> str:
        """The columns in words."""
        return " x ".join(self.columns)

    @cached_property
    def values(self) -> tuple[str, ...]:
        """What the slices are called, by code."""
        return tuple(", ".join(names) for names in product(*self.parts))

    def codes(self, block: Block) -> Array:
        """The slice of each row, uint16 (n,)."""
        found = np.zeros(block.batch.num_rows, np.uint16)
        for column, names, slices in zip(self.columns, self.parts, self.maps, strict=True):
            found = found * np.uint16(len(names)) + slices[block.codes(column)]
        return found

    def within(self, code: int) -> tuple[tuple[str, str], ...]:
        """The slice of each of the columns that a slice lies in, as column and value."""
        names = np.unravel_index(code, [len(part) for part in self.parts])
        return tuple(
            (column, part[number])
            for column, part, number in zip(self.columns, self.parts, names, strict=True)
        )


def crossed(one: Cut, other: Cut) -> Cut:
    """The slices of both: each value of one with each of the other."""
    return Cut(one.columns + other.columns, one.parts + other.parts, one.maps + other.maps)
