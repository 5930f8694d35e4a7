"""How good scores are: ranking, likelihood and calibration, for single and aggregated rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from adclick.arrays import Array, Float64
from adclick.evaluation.measures import measures
from adclick.evaluation.ranking import Ranked, Ranking
from adclick.evaluation.sums import Binning, Sums, by_cell, row_sums

METRICS = (
    "auc",
    "pr_auc",
    "logloss",
    "normalised_entropy",
    "calibration",
    "ece",
    "brier",
    "reliability",
    "resolution",
    "uncertainty",
)
# 1 where more is better, else -1, of those in which one model can lead another: calibration is best
# at 1, uncertainty is no model's
BETTER = {
    "auc": 1,
    "pr_auc": 1,
    "logloss": -1,
    "normalised_entropy": -1,
    "ece": -1,
    "brier": -1,
    "reliability": -1,
    "resolution": 1,
}


@dataclass(frozen=True)
class Scored:
    """n rows with their clicks, impressions and predicted click probability, each (n,)."""

    clicks: Float64
    impressions: Float64
    score: Float64

    def where(self, chosen: Array) -> Scored:
        """The chosen rows."""
        return Scored(self.clicks[chosen], self.impressions[chosen], self.score[chosen])

    def ranked(self) -> Ranked:
        """The rows in falling order of score, all in one group."""
        order = np.argsort(self.score)[::-1]
        rows = self.where(order)
        groups = np.zeros(len(order), np.int64)
        return Ranked.of(rows.score, rows.clicks, rows.impressions - rows.clicks, groups)


def metrics(scored: Scored) -> dict[str, float]:
    """All METRICS of at least one row, all in memory; aggregated rows count as their impressions.

    auc: probability that a clicked impression scores above one that was not (ties count half).
    pr_auc: average precision, the mean over clicks of the click rate at and above their score.
    logloss: mean negative log-likelihood per impression, natural logarithm.
    normalised_entropy: logloss over that of the click rate as prediction (He et al., 2014).
    calibration: mean prediction over observed click rate; 1 is right, above 1 promises too much.
    ece: expected calibration error over 20 bins of equal impressions (Naeini et al., 2015).
    brier: mean squared error = reliability - resolution + uncertainty (Murphy, 1973) over the same
    bins; resolution takes in what scores tell apart within a bin (Stephenson et al., 2008, Two
    extra components in the Brier score decomposition), so that the parts add up.
    NaN where there is no click or nothing but clicks.
    """
    rows = scored.ranked()
    ranking, binning = Ranking(), Binning(float(scored.impressions.sum()))
    ranking.add(rows)
    binning.add(rows)
    sums = row_sums(scored.score, scored.clicks, scored.impressions)
    means = by_cell(sums, np.zeros(len(scored.score), np.int64), 1)
    return exact_metrics(Sums(means, binning.bins, binning.grid), ranking)


def exact_metrics(sums: Sums, ranking: Ranking) -> dict[str, float]:
    """All METRICS of rows with these sums and this ranking of one slice."""
    if not (ranking.clicks[0] and ranking.unclicked[0]):
        return dict.fromkeys(METRICS, float("nan"))
    everything = measures(sums, np.ones((1, len(sums.means))))
    found = {name: float(measure.value[0]) for name, measure in everything.items()}
    found |= {"auc": float(ranking.auc[0]), "pr_auc": float(ranking.pr_auc[0])}
    return {name: found[name] for name in METRICS}
