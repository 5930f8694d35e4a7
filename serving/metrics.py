"""Prometheus metrics of one server, summed over its workers."""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Mapping, Sequence

import numpy as np
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
PROBABILITIES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
VERSION = "model_version"
FEW = 16  # values are counted faster one by one

REQUESTS = Counter("adclick_requests", "Prediction requests by status code", [VERSION, "code"])
ERRORS = Counter("adclick_errors", "Requests without scores by cause", [VERSION, "cause"])
LATENCY = Histogram(
    "adclick_request_seconds", "Time to answer a request", [VERSION], buckets=SECONDS
)
SCORES = Histogram(
    "adclick_score", "Click probabilities of candidates", [VERSION], buckets=PROBABILITIES
)
CANDIDATES = Counter("adclick_candidates", "Candidates scored", [VERSION])
CREATIVES = Counter(
    "adclick_creatives",
    "Candidates whose creative is known, new (its image sent along) or unknown",
    [VERSION, "creative"],
)
LOST = Counter("adclick_log_dropped", "Rows that a log could not keep", [VERSION, "log"])
WORKERS = Gauge(
    "adclick_workers", "Workers with the model loaded", [VERSION], multiprocess_mode="livesum"
)


class ServerMetrics:
    """The metrics of a worker that serves `version`.

    prometheus_client keeps them in a memory-mapped file per worker (its multiprocess mode), so
    that an update costs microseconds, and any worker can answer for all.
    """

    def __init__(self, version: str) -> None:
        self._version = version
        self._requests: dict[int, Counter] = {}
        self._creatives: dict[str, Counter] = {}
        self._lost: dict[str, int] = {}
        self._latency = LATENCY.labels(version)
        self._scores = SCORES.labels(version)
        self._candidates = CANDIDATES.labels(version)
        WORKERS.labels(version).set(1)

    def count_request(self, code: int, seconds: float) -> None:
        """Count one prediction request, answered with `code` after `seconds`."""
        if code not in self._requests:
            self._requests[code] = REQUESTS.labels(self._version, str(code))
        self._requests[code].inc()
        self._latency.observe(seconds)

    def count_error(self, cause: str) -> None:
        """Count one request that got no scores."""
        ERRORS.labels(self._version, cause).inc()

    def count_lost(self, log: str, rows: int) -> None:
        """Note that `log` has lost so many rows in this worker so far."""
        before = self._lost.get(log)
        if rows != before:
            LOST.labels(self._version, log).inc(rows - (before or 0))
            self._lost[log] = rows

    def count_scores(self, scores: Sequence[float], creatives: Mapping[str, int]) -> None:
        """Count an answered request's candidates; `creatives` holds how many are of which kind."""
        self._candidates.inc(len(scores))
        for kind, count in creatives.items():
            if not count:
                continue
            if kind not in self._creatives:
                self._creatives[kind] = CREATIVES.labels(self._version, kind)
            self._creatives[kind].inc(count)
        # observe() takes one value at 8 us each: a request of 1000 would pay more for it than
        # for its scores
        for bucket, count in enumerate(_bucket_counts(scores)):
            if count:
                self._scores._buckets[bucket].inc(count)
        self._scores._sum.inc(sum(scores))


def _bucket_counts(scores: Sequence[float]) -> list[int]:
    if len(scores) > FEW:
        return list(np.bincount(np.searchsorted(PROBABILITIES, scores)).tolist())
    counts = [0] * (len(PROBABILITIES) + 1)
    for score in scores:
        counts[bisect_left(PROBABILITIES, score)] += 1
    return counts


def exposition() -> tuple[bytes, str]:
    """All workers' metrics in Prometheus' text format, and its content type.

    Under a stock wrapper that was started without PROMETHEUS_MULTIPROC_DIR: this worker's.
    """
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest(), CONTENT_TYPE_LATEST
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    return generate_latest(registry), CONTENT_TYPE_LATEST
