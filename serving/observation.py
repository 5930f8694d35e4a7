"""What a version's servers answered, read from their Prometheus metrics."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import requests
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from adclick.errors import AdclickError

SECONDS = 2.0


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

    def since(self, earlier: Histogram) -> Histogram:
        """What was added; everything where `earlier` has other buckets, such as none."""
        if earlier.bounds != self.bounds:
            return self
        counts = tuple(a - b for a, b in zip(self.counts, earlier.counts, strict=True))
        return Histogram(self.bounds, counts, self.total - earlier.total)


@dataclass(frozen=True)
class Observation:
    """What a version answered since it started: requests, of which the caller's fault (4xx) and
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
            self.workers,
        )


def observe(url: str) -> Observation:
    """What the server at `url` answered so far; raises AdclickError when it does not say."""
    with requests.Session() as session:
        session.trust_env = False
        try:
            answer = session.get(f"{url}/metrics", timeout=SECONDS)
            answer.raise_for_status()
        except requests.RequestException as error:
            raise AdclickError(f"{url}/metrics: {type(error).__name__}") from error
    return parse_metrics(answer.text)


def parse_metrics(text: str) -> Observation:
    """The observation in an exposition of `serving.metrics`."""
    samples: defaultdict[str, list[Sample]] = defaultdict(list)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            samples[sample.name].append(sample)
    codes: defaultdict[str, int] = defaultdict(int)
    for sample in samples["adclick_requests_total"]:
        codes[sample.labels["code"][0]] += int(sample.value)
    return Observation(
        requests=sum(codes.values()),
        refused=codes["4"],
        failed=codes["5"],
        latency=_histogram(samples, "adclick_request_seconds"),
        scores=_histogram(samples, "adclick_score"),
        workers=int(_sum(samples["adclick_workers"])),
    )


def _histogram(samples: dict[str, list[Sample]], name: str) -> Histogram:
    up_to: defaultdict[float, int] = defaultdict(int)
    for sample in samples[f"{name}_bucket"]:
        up_to[float(sample.labels["le"])] += int(sample.value)
    if not up_to:
        return Histogram()
    bounds = tuple(sorted(up_to))
    below = [0, *(up_to[bound] for bound in bounds)]
    counts = tuple(b - a for a, b in pairwise(below))
    return Histogram(bounds, counts, _sum(samples[f"{name}_sum"]))


def _sum(samples: Iterable[Sample]) -> float:
    return float(sum(sample.value for sample in samples))
