"""How a column's cells are spread over impressions: texts by value, numbers by bucket."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel, ConfigDict

from adclick.arrays import Float64
from adclick.statistics.histogram import bucket_values
from adclick.statistics.numbers import NumberSketch
from adclick.statistics.values import ValueSketch

MOST_VALUES = 1_000


class Values(BaseModel):
    """A text column: impressions by value, and the values that are not listed, if there are any.

    `counts` lists the most frequent values, `others` are the impressions of all others together and
    `distinct` says how many values there are in all.
    """

    model_config = ConfigDict(frozen=True)

    counts: dict[str, int]
    others: int = 0
    distinct: int

    @cached_property
    def total(self) -> int:
        """Impressions with a value."""
        return sum(self.counts.values()) + self.others

    @property
    def effective(self) -> float:
        """How many values of equal frequency say as much: 1 / sum(shares^2) (Kish, 1965)."""
        counts = np.fromiter(self.counts.values(), np.float64, len(self.counts))
        unlisted = max(self.distinct - len(counts), 1)
        return float(self.total**2 / (counts @ counts + self.others**2 / unlisted))

    def __add__(self, other: Values) -> Values:
        counts = dict(Counter(self.counts) + Counter(other.counts))
        unlisted = max(self.distinct - len(self.counts), other.distinct - len(other.counts))
        return Values(
            counts=counts, others=self.others + other.others, distinct=len(counts) + unlisted
        )

    @classmethod
    def of(cls, sketch: ValueSketch) -> Self:
        """The most frequent values of a sketch."""
        top: pa.Table = sketch.top(MOST_VALUES)
        counts = dict(zip(top["value"].to_pylist(), top["impressions"].to_pylist(), strict=True))
        total = pc.sum(sketch.counts["impressions"]).as_py()
        return cls(counts=counts, others=total - sum(counts.values()), distinct=sketch.distinct)


class Numbers(BaseModel):
    """A numeric column over impressions; `counts` by bucket of `adclick.statistics.histogram`.

    Numbers of one bucket differ by less than 1/64 of their value; mean and deviation are exact.
    """

    model_config = ConfigDict(frozen=True)

    mean: float
    deviation: float
    counts: dict[int, int]

    @cached_property
    def total(self) -> int:
        """Impressions with a number."""
        return sum(self.counts.values())

    @cached_property
    def cells(self) -> tuple[Float64, Float64]:
        """The buckets' numbers in rising order and their impressions, float64 (k,) each."""
        buckets = np.fromiter(self.counts, np.int64, len(self.counts))
        shown = np.fromiter(self.counts.values(), np.float64, len(self.counts))
        order = np.argsort(buckets)
        return bucket_values(buckets[order]), shown[order]

    def __add__(self, other: Numbers) -> Numbers:
        """Source of the deviation: Chan, Golub and LeVeque, 1979."""
        total = self.total + other.total
        share = other.total / total
        apart = (other.mean - self.mean) ** 2 * share * (1 - share)
        squares = self.deviation**2 * (1 - share) + other.deviation**2 * share + apart
        return Numbers(
            mean=self.mean + (other.mean - self.mean) * share,
            deviation=squares**0.5,
            counts=dict(Counter(self.counts) + Counter(other.counts)),
        )

    @classmethod
    def of(cls, sketch: NumberSketch) -> Self:
        """The figures of a sketch."""
        filled = np.flatnonzero(sketch.buckets)
        counts = dict(zip(filled.tolist(), sketch.buckets[filled].tolist(), strict=True))
        return cls(mean=sketch.mean, deviation=sketch.deviation, counts=counts)
