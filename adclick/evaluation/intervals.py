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


def resampled_metrics(rows: Scored, clusters: Array | None, resamples: int, seed: int) -> Samples:
    """Each metric on `resamples` resamples of whole clusters, (resamples,) by metric name.

    `clusters` (n,) are numbers from 0; None draws each impression for itself, those of one
    aggregated row too. The same seed draws the same resamples, so that the difference of two
    models' samples is that of a paired bootstrap.
    """
    ordered, order = rows.by_score()
    outcomes = rows.clicks, rows.impressions - rows.clicks
    drawn = [
        metrics(Scored(clicks[order], (clicks + unclicked)[order], ordered.score))
        for clicks, unclicked in _drawn(*outcomes, clusters, resamples, seed)
    ]
    return {name: np.array([sample[name] for sample in drawn]) for name in METRICS}


def _drawn(
    clicks: Float64, unclicked: Float64, clusters: Array | None, resamples: int, seed: int
) -> Iterator[tuple[Float64, Float64]]:
    """Clicks and other impressions (n,) of each resample.

    A cluster is drawn Poisson(1) times (Chamandy et al. 2012), so that of k impressions that are
    alike Poisson(k) are.
    """
    generator = np.random.default_rng(seed)
    for _ in range(resamples):
        if clusters is None:
            yield generator.poisson(clicks) * 1.0, generator.poisson(unclicked) * 1.0
        else:
            times = generator.poisson(1.0, int(clusters.max()) + 1)[clusters]
            yield clicks * times, unclicked * times
