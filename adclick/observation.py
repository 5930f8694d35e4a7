"""What a version answered, in counts: requests, errors, latencies, scores."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np


@dataclass(frozen=True)
class Histogram:
    """Values counted in buckets: counts[i] are at most bounds[i] and above the bound before.

    The last bound is infinity. `total` is the sum of all values.
    """

    bounds: tuple[float, ...] = (math.inf,)
    counts: tuple[int, ...] = (0,)
    total: float = 0.0

    @property
    def count(self) -> int:
        """How many values there are."""
        return sum(self.counts)

    @property
    def mean(self) -> float:
        """Their mean; NaN without values."""
        return self.total / self.count if self.count else math.nan

    def quantile(self, share: float) -> float:
        """An upper bound of the value below which this share of all lies; NaN without values."""
        left = share * self.count
        for bound, count in zip(self.bounds, self.counts, strict=True):
            left -= count
            if left <= 0 and self.count:
                return bound
        return math.nan

    def above(self, bound: float) -> int:
        """How many values are above one of the bounds."""
        return self.count - sum(self.counts[: self.bounds.index(bound) + 1])

    def within(self, bounds: Sequence[float]) -> Histogram:
        """The same values counted in fewer buckets, whose `bounds` are some of these."""
        ends = np.searchsorted(self.bounds, bounds, side="right")
        below = np.concatenate([[0], np.cumsum(self.counts)[ends - 1]])
        return Histogram(tuple(bounds), tuple(np.diff(below).tolist()), self.total)

    def plus(self, other: Histogram) -> Histogram:
        """Both together, in the buckets that they share."""
        if not self.count or not other.count:
            return other if other.count else self
        bounds = common_bounds(self, other)
        counted = (one.within(bounds).counts for one in (self, other))
        counts = tuple(a + b for a, b in zip(*counted, strict=True))
        return Histogram(bounds, counts, self.total + other.total)

    def since(self, earlier: Histogram) -> Histogram:
        """What was added; everything where `earlier` has other buckets, such as none."""
        if earlier.bounds != self.bounds:
            return self
        counts = tuple(a - b for a, b in zip(self.counts, earlier.counts, strict=True))
        return Histogram(self.bounds, counts, self.total - earlier.total)


@dataclass(frozen=True)
class Observation:
    """What a server answered since it started: requests, of which the caller's fault (4xx) and
    its own (5xx), how long they took (seconds), and the probabilities that it gave.

    `workers` is how many have their model loaded now.
    """

    requests: int = 0
    refused: int = 0
    failed: int = 0
    latency: Histogram = Histogram()
    scores: Histogram = Histogram()
    workers: int = 0

    def since(self, earlier: Observation) -> Observation:
        """What was answered after `earlier` was seen."""
        return Observation(
            self.requests - earlier.requests,
            self.refused - earlier.refused,
            self.failed - earlier.failed,
            self.latency.since(earlier.latency),
            self.scores.since(earlier.scores),
            self.workers - earlier.workers,
        )

    def plus(self, other: Observation) -> Observation:
        """Both together."""
        return Observation(
            self.requests + other.requests,
            self.refused + other.refused,
            self.failed + other.failed,
            self.latency.plus(other.latency),
            self.scores.plus(other.scores),
            self.workers + other.workers,
        )


def total(observations: Iterable[Observation]) -> Observation:
    """What several servers answered, together."""
    return reduce(Observation.plus, observations, Observation())


def added(before: Mapping[str, Observation], now: Mapping[str, Observation]) -> Observation:
    """What servers, by their names, answered between two looks; those seen at both count."""
    return total(now[name].since(before[name]) for name in now.keys() & before.keys())


def common_bounds(one: Histogram, other: Histogram) -> tuple[float, ...]:
    """The bounds that both have, in ascending order; infinity is one of them."""
    return tuple(sorted(set(one.bounds) & set(other.bounds)))
