"""Whether ads are clicked as often as predicted, given how they were clicked before."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from adclick.arrays import Float64
from adclick.evaluation.estimate import Estimate

MOST_ADS = 1_000
CONFIDENCE = 0.95
# of clicks between ads, as the relative variance of what they are clicked beside what is predicted
LEAST_SPREAD, MOST_SPREAD = 1e-3, 10.0


class AdClicks(BaseModel):
    """Predicted clicks and clicks by ad, of those of which the most are predicted.

    `others` has those of all other ads together, and how many ads these are.
    """

    model_config = ConfigDict(frozen=True)

    ads: dict[str, tuple[float, float]]
    others: tuple[float, float, int] = (0.0, 0.0, 0)


class AdCounter:
    """Adds up batches of rows by ad; memory grows with the ads."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}
        self._sums = np.zeros((0, 2))

    def add(self, ids: pa.Array, predicted: Float64, clicks: Float64) -> None:
        """Go on with these rows: ids of ads (n,), predicted clicks and clicks (n,) float64."""
        encoded = ids.fill_null("").dictionary_encode()
        codes, names = encoded.indices.to_numpy(), encoded.dictionary.to_pylist()
        places = [self._places.setdefault(name, len(self._places)) for name in names]
        more = len(self._places) - len(self._sums)
        if more > 0:
            # doubled, so that adding ads one by one copies each but a few times
            self._sums = np.pad(self._sums, ((0, more + len(self._sums)), (0, 0)))
        sums = [np.bincount(codes, weights, len(names)) for weights in (predicted, clicks)]
        self._sums[places] += np.column_stack(sums)

    def clicks(self) -> AdClicks:
        """The sums of all rows that were added."""
        names, sums = list(self._places), self._sums[: len(self._places)]
        order = np.argsort(-sums[:, 0], kind="stable")
        listed, rest = order[:MOST_ADS].tolist(), order[MOST_ADS:]
        predicted, clicked = sums[rest].sum(axis=0).tolist()
        pairs = sums[listed].tolist()
        return AdClicks(
            ads={
                names[place]: (pair[0], pair[1]) for place, pair in zip(listed, pairs, strict=True)
            },
            others=(predicted, clicked, len(rest)),
        )


def log_calibration(before: AdClicks, now: AdClicks) -> Estimate:
    """The logarithm of expected over observed clicks, with its standard error.

    Ads are clicked more or less often than is predicted of what they have in common. What `before`
    knows of an ad corrects what is expected of it, and as much as it does not know the ad counts
    less: clicks are Poisson's, with a gamma distributed rate of each ad (Clayton and Kaldor,
    Empirical Bayes estimates of age-standardized relative risks, 1987). The error is the larger one
    of that model's and of what ads differ from it.
    """
    shape = 1 / _spread(before)
    predicted, clicked = _columns(now)
    known, seen = np.array([before.ads.get(name, (0.0, 0.0)) for name in now.ads]).reshape(-1, 2).T
    expected = predicted * (seen + shape) / (known + shape)
    weights = 1 / (1 + expected / (seen + shape))
    rest_predicted, rest_clicked, rest = now.others
    rest_weight = 1 / (1 + rest_predicted / max(rest, 1) / shape)
    rest_information = rest_weight * rest_predicted
    information = float(weights @ expected) + rest_information
    ratio = (float(weights @ clicked) + rest_weight * rest_clicked) / information
    apart = weights * (clicked - ratio * expected)
    variances = information / ratio, (float(apart @ apart) + rest_information * ratio) / ratio**2
    squares = float(((weights * expected) ** 2).sum()) + rest_information**2 / max(rest, 1)
    error = math.sqrt(max(variances)) / information
    return Estimate.of(-math.log(ratio), error, information**2 / squares - 1, CONFIDENCE)


def _spread(before: AdClicks) -> float:
    """The relative variance of ads' clicks beside Poisson's, by its moments."""
    predicted, clicked = _columns(before)
    expected = predicted * clicked.sum() / predicted.sum()
    more = float(((clicked - expected) ** 2 - expected).sum() / (expected @ expected))
    return min(max(more, LEAST_SPREAD), MOST_SPREAD)


def _columns(clicks: AdClicks) -> tuple[Float64, Float64]:
    predicted, clicked = np.array(list(clicks.ads.values()), np.float64).T
    return predicted, clicked
