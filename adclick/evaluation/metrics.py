"""How good scores are: ranking, likelihood and calibration, for single and aggregated rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from adclick.arrays import Array, Float64

METRICS = ("auc", "logloss", "calibration", "ece")
EPSILON = 1e-7
ECE_BINS = 20


@dataclass(frozen=True)
class Scored:
    """n rows with their clicks, impressions and predicted click probability, each (n,)."""

    clicks: Float64
    impressions: Float64
    score: Float64

    def where(self, chosen: Array) -> Scored:
        """The chosen rows."""
        return Scored(self.clicks[chosen], self.impressions[chosen], self.score[chosen])

    def by_score(self) -> tuple[Scored, Array]:
        """The rows in rising order of score, and that order (n,)."""
        order = np.argsort(self.score, kind="stable")
        return self.where(order), order


def metrics(ordered: Scored, weights: Float64 | None = None) -> dict[str, float]:
    """All METRICS of rows in rising order of score; `weights` (n,) multiply rows, as a resample.

    auc: probability that a clicked impression scores above one that was not (ties count half).
    logloss: mean negative log-likelihood per impression, natural logarithm.
    calibration: mean prediction over observed click rate; 1 is right, above 1 promises too much.
    ece: expected calibration error over 20 bins of equal impressions (Naeini et al., 2015).
    NaN where there is no click or nothing but clicks.
    """
    weight = np.ones(len(ordered.score)) if weights is None else weights
    clicks = ordered.clicks * weight
    shown = ordered.impressions * weight
    total, clicked = shown.sum(), clicks.sum()
    if not 0 < clicked < total:
        return dict.fromkeys(METRICS, float("nan"))
    p = np.clip(ordered.score, EPSILON, 1 - EPSILON)
    loss = -(clicks @ np.log(p) + (shown - clicks) @ np.log1p(-p)) / total
    rows = tied(Scored(clicks, shown, ordered.score))
    return {
        "auc": _auc(rows.clicks, rows.impressions - rows.clicks),
        "logloss": float(loss),
        "calibration": float(shown @ ordered.score / clicked),
        "ece": _ece(rows),
    }


def tied(ordered: Scored) -> Scored:
    """Rows in rising order of score with those of equal score as one: no two scores are equal."""
    starts = np.flatnonzero(np.diff(ordered.score, prepend=-1.0))
    return Scored(
        np.add.reduceat(ordered.clicks, starts),
        np.add.reduceat(ordered.impressions, starts),
        ordered.score[starts],
    )


def _auc(positives: Float64, negatives: Float64) -> float:
    below = np.cumsum(negatives) - negatives / 2
    return float(positives @ below / (positives.sum() * negatives.sum()))


def _ece(rows: Scored) -> float:
    bins = equal_bins(rows.impressions, ECE_BINS)
    gap = np.bincount(bins, rows.impressions * rows.score - rows.clicks, ECE_BINS)
    return float(np.abs(gap).sum() / rows.impressions.sum())


def equal_bins(shown: Float64, count: int) -> Array:
    """The bin (n,) of each row in order, so that bins have equal impressions.

    Rows of equal score belong together first (see `tied`), or their order decides on their bins.
    """
    middle = np.cumsum(shown) - shown / 2
    bins: Array = np.minimum((middle / shown.sum() * count).astype(np.int64), count - 1)
    return bins
