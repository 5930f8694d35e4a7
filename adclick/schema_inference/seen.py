"""What a sample shows of one column."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from adclick.arrays import Array, Float64, Int64
from adclick.numbers import LARGEST, parse_numbers

NEARLY_ALL = 0.99  # of the cells must be as a column's role wants them
RARE = 0.001  # what so few rows hold is taken for a mistake
LONGEST_EXAMPLE = 32


@dataclass(frozen=True)
class Seen:
    """A column's distinct texts (k,), most frequent first, in how many rows (k,) each stands.

    Empty cells are counted in `rows` and are none of the `values`.
    """

    name: str
    values: pa.Array
    counts: Int64
    rows: int

    @classmethod
    def of(cls, name: str, cells: pa.ChunkedArray) -> Seen:
        """What the cells (n,) of text hold."""
        found = pc.value_counts(pc.filter(cells, pc.not_equal(cells, "")))
        counts = np.asarray(found.field("counts").to_numpy(zero_copy_only=False), dtype=np.int64)
        order = np.argsort(-counts, kind="stable")
        return cls(name, found.field("values").take(pa.array(order)), counts[order], len(cells))

    @property
    def distinct(self) -> int:
        """How many different values there are."""
        return len(self.values)

    @property
    def filled(self) -> int:
        """Rows that are not empty."""
        return int(self.counts.sum())

    @property
    def empty(self) -> int:
        """Rows that are."""
        return self.rows - self.filled

    @cached_property
    def words(self) -> frozenset[str]:
        """The words of the name in lower case: creative and id of `creativeId` or `creative_id`."""
        found = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", self.name)
        return frozenset(word.lower() for word in found)

    @cached_property
    def numbers(self) -> Float64:
        """The values as numbers (k,), NaN where one is none that a model can use."""
        numbers = parse_numbers(self.values)
        return np.where(np.abs(numbers) <= LARGEST, numbers, np.nan)

    def share(self, chosen: Array) -> float:
        """The share of filled rows that hold the values where `chosen` (k,) is true."""
        return float(self.counts[chosen].sum() / self.filled) if self.filled else 0.0

    @property
    def numeric_share(self) -> float:
        """The share of filled rows that hold a number."""
        return self.share(~np.isnan(self.numbers))

    @property
    def whole(self) -> bool:
        """Whether its numbers have no fractions."""
        numbers = self.numbers[~np.isnan(self.numbers)]
        return bool(len(numbers)) and bool((numbers == np.floor(numbers)).all())

    def nearly_all(self, chosen: Array) -> bool:
        """Whether almost all rows are filled, with values where `chosen` (k,) is true."""
        return bool(self.rows) and self.counts[chosen].sum() >= NEARLY_ALL * self.rows

    def examples(self, count: int = 3) -> str:
        """Its most frequent values in a line."""
        return ", ".join(one_line(value) for value in self.values[:count].to_pylist())


def one_line(text: str) -> str:
    """A value as a comment can hold it: printable, and not endless."""
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    if len(printable) <= LONGEST_EXAMPLE:
        return printable
    return printable[: LONGEST_EXAMPLE - 1] + "…"
