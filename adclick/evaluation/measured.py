"""All that an evaluation knows of one model's scores, from one pass over rows of any number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from adclick.arrays import Float64
from adclick.evaluation.cut import Cut
from adclick.evaluation.metrics import exact_metrics
from adclick.evaluation.order import in_falling_order
from adclick.evaluation.ranking import Ranking
from adclick.evaluation.rows import ScoredRows
from adclick.evaluation.sums import MEANS, Binning, Sums, by_cell, row_sums


@dataclass(frozen=True)
class SliceSums:
    """The slices of a cut: `means` (values, groups, 5) as in Sums, and their rankings."""

    means: Float64
    ranking: Ranking


@dataclass(frozen=True)
class Measured:
    """A model's sums by group and ranking over all rows, and those of the slices of each cut."""

    sums: Sums
    ranking: Ranking
    slices: tuple[SliceSums, ...]

    @property
    def metrics(self) -> dict[str, float]:
        """The metrics of all rows, exact."""
        return exact_metrics(self.sums, self.ranking)


def measure(rows: ScoredRows, model: str, cuts: Sequence[Cut] = ()) -> Measured:
    """What all metrics of a model, overall and by slice, are made of; memory stays flat.

    It is that of groups x slices, and of the rows of one part of `in_falling_order`.
    """
    groups = rows.groups
    impressions = sum(float(block.impressions.sum()) for block in rows.blocks())
    ranking, binning = Ranking(groups=groups), Binning(impressions, groups)
    means = np.zeros((groups, len(MEANS)))
    slices = [
        SliceSums(np.zeros((len(cut.values), groups, len(MEANS))), Ranking(len(cut.values), groups))
        for cut in cuts
    ]
    for ranked, codes in in_falling_order(rows, model, cuts):
        ranking.add(ranked)
        binning.add(ranked)
        sums = row_sums(ranked.score, ranked.clicks, ranked.clicks + ranked.unclicked)
        means += by_cell(sums, ranked.groups, groups)
        for of_cut, code in zip(slices, codes, strict=True):
            cells = code * np.int64(groups) + ranked.groups
            shape = of_cut.means.shape
            np.add(
                of_cut.means, by_cell(sums, cells, shape[0] * groups).reshape(shape), of_cut.means
            )
            of_cut.ranking.add(ranked, code)
    return Measured(Sums(means, binning.bins, binning.grid), ranking, tuple(slices))
