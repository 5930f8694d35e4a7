"""An estimate: what is expected, and between what it lies."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Range:
    """A number that is not known for sure; low <= typical <= high."""

    low: float
    typical: float
    high: float

    @classmethod
    def exactly(cls, value: float) -> Self:
        """A number that is known."""
        return cls(value, value, value)

    @classmethod
    def total(cls, parts: Iterable[Range]) -> Range:
        """The sum when all parts are low together, typical or high: wider than chance would be."""
        return sum(parts, cls.exactly(0.0))

    def __add__(self, other: Range) -> Range:
        return Range(self.low + other.low, self.typical + other.typical, self.high + other.high)

    def times(self, factor: float) -> Range:
        """The range of a multiple; the factor is not negative."""
        return Range(self.low * factor, self.typical * factor, self.high * factor)
