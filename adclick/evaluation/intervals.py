"""How sure a metric is: bootstrap over clusters of rows that are not independent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from pydantic import BaseModel, ConfigDict

from adclick.arrays import Array, Float64
from adclick.evaluation.metrics import METRICS, Scored, metrics

Samples = dict[str, Float64]


class Figure(BaseModel):
    """A number with its confidence interval."""

    model_config = ConfigDict(frozen=True)

    value: float
    low: float
    high: float


def figures(values: Mapping[str, float], samples: Samples, confidence: float) -> dict[str, Figure]:
    """Percentile intervals (Efron 1979) of each metric from its resampled values (r,)."""
    tail = (1 - confidence) / 2
    return {
        name: Figure(
            value=value,
            low=float(np.nanquantile(samples[name], tail)),
            high=float(np.nanquantile(samples[name], 1 - tail)),
        )
        for name, value in values.items()
    }


def resampled_metrics(rows: Scored, clusters: Array, resamples: int, seed: int) -> Samples:
    """Each metric on `resamples` resamples of whole clusters, (resamples,) by metric name.

    `clusters` (n,) are numbers from 0. The same seed draws the same resamples, so that the
    difference of two models' samples is that of a paired bootstrap.
    """
    ordered, order = rows.by_score()
    cluster = clusters[order]
    drawn = [metrics(ordered, weights[cluster]) for weights in _weights(clusters, resamples, seed)]
    return {name: np.array([sample[name] for sample in drawn]) for name in METRICS}


def _weights(clusters: Array, resamples: int, seed: int) -> Iterator[Float64]:
    """How often each cluster is drawn, a Poisson(1) count per resample (Chamandy et al. 2012)."""
    generator = np.random.default_rng(seed)
    count = int(clusters.max()) + 1
    for _ in range(resamples):
        yield generator.poisson(1.0, count).astype(np.float64)
