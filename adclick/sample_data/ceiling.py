"""How well any model can do, given the true click probabilities."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def expected_auc(p: ArrayLike, scores: ArrayLike) -> float:
    """The AUC that `scores` reach on average over all clicks that `p` could have drawn.

    Both have shape (n,), `p` the true click probabilities. Free of the noise of drawn labels;
    `expected_auc(p, p)` is the ceiling of every model. Over pairs of different impressions,

        AUC = sum_ij p_i (1 - p_j) ([s_i > s_j] + [s_i == s_j] / 2) / sum_ij p_i (1 - p_j)
    """
    p = np.asarray(p, np.float64)
    _, rank = np.unique(np.asarray(scores), return_inverse=True)
    clicks = np.bincount(rank, weights=p)
    others = np.bincount(rank, weights=1 - p)
    below = np.cumsum(others) - others
    itself = (p * (1 - p)).sum()
    won = clicks @ (below + others / 2) - itself / 2
    return float(won / (p.sum() * (1 - p).sum() - itself))


def expected_logloss(p: ArrayLike, predicted: ArrayLike) -> float:
    """The mean log loss of `predicted` over all clicks that `p` could have drawn, in nats.

    Both have shape (n,) and lie in (0, 1); `expected_logloss(p, p)` is the floor of every model.
    """
    p, predicted = np.asarray(p, np.float64), np.asarray(predicted, np.float64)
    return float(-(p * np.log(predicted) + (1 - p) * np.log1p(-predicted)).mean())
