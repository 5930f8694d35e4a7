"""What a benchmark found: figures held against their targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal, Self


@dataclass(frozen=True)
class Target:
    """A bound that a figure is to keep: `Target("<", 20)`."""

    direction: Literal["<", ">"]
    bound: float

    def holds(self, value: float) -> bool:
        """Whether the value is on the right side; the bound itself is not."""
        return value < self.bound if self.direction == "<" else value > self.bound

    def __str__(self) -> str:
        return f"{self.direction} {self.bound:g}"


@dataclass(frozen=True)
class Spread:
    """How far a figure goes, and what that is: lowest and highest, quartiles or an interval."""

    low: float
    high: float
    of: str


@dataclass(frozen=True)
class Figure:
    """A measured number; one without a target is for information.

    `compared_with` says against what the number is to be read, such as the same work done another
    way, with its own number.
    """

    name: str
    value: float
    unit: str
    target: Target | None = None
    spread: Spread | None = None
    compared_with: str | None = None

    @property
    def holds(self) -> bool | None:
        """Whether the target is met; None where there is none."""
        return self.target.holds(self.value) if self.target else None

    @classmethod
    def of(
        cls,
        name: str,
        measured: Sequence[float],
        unit: str,
        target: Target | None = None,
        compared_with: str | None = None,
    ) -> Self:
        """The median of repeated measurements, with lowest and highest as spread."""
        low, high = min(measured), max(measured)
        spread = Spread(low, high, f"min-max of {len(measured)}") if len(measured) > 1 else None
        return cls(name, median(measured), unit, target, spread, compared_with)
