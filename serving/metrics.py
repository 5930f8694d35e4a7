"""Prometheus metrics of one server, summed over its workers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
PROBABILITIES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
VERSION = "model_version"

REQUESTS = Counter("adclick_requests", "Prediction requests by status code", [VERSION, "code"])
LATENCY = Histogram(
    "adclick_request_seconds", "Time to answer a request", [VERSION], buckets=SECONDS
)
SCORES = Histogram(
    "adclick_score", "Click probabilities of candidates", [VERSION], buckets=PROBABILITIES
)
CANDIDATES = Counter("adclick_candidates", "Candidates scored", [VERSION])
UNKNOWN = Counter("adclick_unknown_creatives", "Candidates whose creative is new", [VERSION])


class ServerMetrics:
    """The metrics of a worker that serves `version`.

    prometheus_client keeps them in a memory-mapped file per worker (its multiprocess mode), so
    that an update costs microseconds, and any worker can answer for all.
    """

    def __init__(self, version: str) -> None:
        self._version = version
        self._latency = LATENCY.labels(version)
        self._scores = SCORES.labels(version)
        self._candidates = CANDIDATES.labels(version)
        self._unknown = UNKNOWN.labels(version)

    def count_request(self, code: int, seconds: float) -> None:
        """Count one prediction request, answered with `code` after `seconds`."""
        REQUESTS.labels(self._version, str(code)).inc()
        self._latency.observe(seconds)

    def count_scores(self, scores: Sequence[float], unknown_creatives: int | None) -> None:
        """Count an answered request's candidates."""
        self._candidates.inc(len(scores))
        if unknown_creatives:
            self._unknown.inc(unknown_creatives)
        # observe() takes one value at 8 us each: a request of 1000 would pay more for it than
        # for its scores
        buckets = np.bincount(np.searchsorted(PROBABILITIES, scores))
        for bucket, count in zip(self._scores._buckets, buckets.tolist(), strict=False):
            if count:
                bucket.inc(count)
        self._scores._sum.inc(sum(scores))


class NoSeldonMetrics:
    """Stands in for `SeldonMetrics`, which makes four round trips to a process on every request.

    Those were 70 % of a request's CPU time, spent even where a model has no metrics of its own.
    """

    def update(self, custom_metrics: object, method: str) -> None:
        """Nothing: ServerMetrics counts."""

    def update_reward(self, reward: float) -> None:
        """Nothing: clicks are joined to the prediction log later."""


def exposition() -> tuple[bytes, str]:
    """All workers' metrics in Prometheus' text format, and its content type."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    return generate_latest(registry), CONTENT_TYPE_LATEST
