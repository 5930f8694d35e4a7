"""How many independent draws rows are worth that have something in common."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from adclick.arrays import Float64


class RequestRuns:
    """Counts independent rows: as many as say as much as weighted rows, or requests of many rows.

    (sum of weights)^2 / sum of squared weights (Kish, Survey Sampling, 1965).
    """

    def __init__(self) -> None:
        self.weight, self._squares = 0.0, 0.0
        self._open: tuple[str | None, float] = (None, 0.0)

    def add(self, rows: pa.Array | Float64) -> None:
        """Go on with the request ids of rows, ordered by them, or with weights (n,)."""
        if isinstance(rows, np.ndarray):
            self.weight += float(rows.sum())
            self._squares += float(rows @ rows)
            return
        runs = pc.run_end_encode(rows)
        names = runs.values.to_pylist()
        counts = np.diff(runs.run_ends.to_numpy(), prepend=0).astype(np.float64)
        self.weight += len(rows)
        name, before = self._open
        if name == names[0]:
            counts[0] += before
        else:
            self._squares += before**2
        self._squares += float(counts[:-1] @ counts[:-1])
        self._open = names[-1], float(counts[-1])

    @property
    def effective(self) -> float:
        """The number of independent rows, 0 where there is none."""
        squares = self._squares + self._open[1] ** 2
        return self.weight**2 / squares if squares else 0.0


def effective_draws(groups: Float64, deviation: float) -> float:
    """How many independent draws of a number with this deviation have its mean's standard error.

    `groups` (k, 2) are the weights and weighted sums of rows that hang together. Source of the
    error: Cochran, Sampling Techniques, 1977, chapter 6 (ratio estimates).
    """
    weights, sums = groups.T
    total = weights.sum()
    mean = sums.sum() / total
    count = len(groups)
    if count < 2:
        return 1.0
    variance = float(((sums - mean * weights) ** 2).sum()) / total**2 * count / (count - 1)
    return min(deviation**2 / variance, float(total)) if variance else float(total)
