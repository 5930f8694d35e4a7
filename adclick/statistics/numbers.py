"""A numeric column's weighted moments and histogram, by parts that are put together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from adclick.arrays import Float64, Int64
from adclick.statistics.histogram import bucket_counts


@dataclass(frozen=True)
class NumberSketch:
    """Numbers weighted by impressions; `squares` is the weighted sum of (value - mean)^2.

    `buckets` (BUCKETS,) holds the weight by bucket, see `bucket_counts`.
    """

    weight: int
    mean: float
    squares: float
    least: float
    most: float
    buckets: Int64

    @property
    def deviation(self) -> float:
        """The standard deviation, of all impressions and not of a sample."""
        return math.sqrt(self.squares / self.weight)


def sketch_numbers(values: Float64, impressions: Float64) -> NumberSketch:
    """The sketch of one batch's column: values (n,) and the impressions of each row (n,), n > 0."""
    weight = impressions.sum()
    mean = impressions @ values / weight
    return NumberSketch(
        weight=int(weight),
        mean=float(mean),
        squares=float(impressions @ (values - mean) ** 2),
        least=float(values.min()),
        most=float(values.max()),
        buckets=bucket_counts(values, impressions),
    )


def merge_numbers(parts: Sequence[NumberSketch]) -> NumberSketch:
    """The sketch of all parts' rows: its buckets are exact, mean and squares to rounding.

    Source: Chan, Golub and LeVeque, Updating Formulae and a Pairwise Algorithm for Computing Sample
    Variances, 1979.
    """
    weights = np.array([part.weight for part in parts], np.float64)
    means = np.array([part.mean for part in parts])
    weight = weights.sum()
    mean = weights @ means / weight
    within = sum(part.squares for part in parts)
    return NumberSketch(
        weight=int(weight),
        mean=float(mean),
        squares=float(within + weights @ (means - mean) ** 2),
        least=min(part.least for part in parts),
        most=max(part.most for part in parts),
        buckets=np.sum([part.buckets for part in parts], axis=0),
    )
