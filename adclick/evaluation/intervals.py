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
    """Percentile intervals of each metric from its resampled values (r,), less their bias.

    Resampling adds noise to noise, which moves the calibration error of every resample above that
    of the data; the bootstrap's own estimate of that bias, mean of the resamples minus value, is
    taken off (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 10).
    """
    return {
        name: _figure(value, samples[name], (1 - confidence) / 2) for name, value in values.items()
    }


def _figure(value: float, samples: Float64, tail: float) -> Figure:
    bias = np.nanmean(samples) - value
    low, high = np.nanquantile(samples, (tail, 1 - tail)) - bias
    return Figure(value=value, low=float(low), high=float(high))


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
