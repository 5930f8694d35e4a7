"""What of rows adds up: the sums that metrics are made of, by group of rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from adclick.arrays import Array, Float64
from adclick.evaluation.ranking import Ranked

EPSILON = 1e-7
MEANS = ("impressions", "clicks", "loss", "predicted", "squares")
BINS = 20
GRID = 512


def row_sums(score: Float64, clicks: Float64, impressions: Float64) -> Float64:
    """MEANS of each row, (5, n): summed over its impressions, loss in natural logarithms."""
    unclicked = impressions - clicks
    p = np.clip(score, EPSILON, 1 - EPSILON)
    return np.array(
        [
            impressions,
            clicks,
            -(clicks * np.log(p) + unclicked * np.log1p(-p)),
            impressions * score,
            clicks * (1 - score) ** 2 + unclicked * score**2,
        ]
    )


def by_cell(sums: Float64, cells: Array, count: int) -> Float64:
    """Row sums (s, n) added up by the rows' cells (n,), (count, s)."""
    return np.stack([np.bincount(cells, row, count) for row in sums], axis=-1)


@dataclass(frozen=True)
class Sums:
    """Sums of rows by group: all that metrics need of them but exact ranks.

    `means` (groups, 5) are MEANS. `bins` (groups, BINS, 3) are impressions, clicks and predicted
    clicks of bins of equal impressions in rising order of score. `grid` (groups, GRID, 2) are
    clicks and unclicked impressions of finer bins in falling order, finest at the top, whose clicks
    make PR-AUC what it is: bin k ends where (k + 1)^2 / GRID^2 of the impressions are above.
    """

    means: Float64
    bins: Float64
    grid: Float64

    def drawn(self, weights: Float64) -> Sums:
        """The sums of r resamples instead of groups; `weights` (r, groups): how often each is."""
        parts = self.means, self.bins, self.grid
        return Sums(*(np.tensordot(weights, part, 1) for part in parts))


class Binning:
    """Bins of rows that come in falling order of score; those of one score share a bin."""

    def __init__(self, impressions: float, groups: int = 1) -> None:
        self.bins = np.zeros((groups, BINS, 3))
        self.grid = np.zeros((groups, GRID, 2))
        self._impressions, self._above = impressions, 0.0

    def add(self, rows: Ranked) -> None:
        """Go on with rows that score below all before."""
        shown = rows.clicks + rows.unclicked
        tied = np.add.reduceat(shown, rows.starts)
        middle = self._above + np.cumsum(tied) - tied / 2
        self._above += float(tied.sum())
        lengths = np.diff(rows.starts, append=len(shown))
        share = np.repeat(middle / self._impressions, lengths)
        groups = rows.groups.astype(np.int64)
        cells = groups * BINS + _number(1 - share, BINS)
        for_bins = np.array([shown, rows.clicks, shown * rows.score])
        self.bins += by_cell(for_bins, cells, self.bins[..., 0].size).reshape(self.bins.shape)
        cells = groups * GRID + _number(np.sqrt(share), GRID)
        for_grid = np.array([rows.clicks, rows.unclicked])
        self.grid += by_cell(for_grid, cells, self.grid[..., 0].size).reshape(self.grid.shape)


def _number(share: Array, count: int) -> Array:
    return np.clip((share * count).astype(np.int64), 0, count - 1)
