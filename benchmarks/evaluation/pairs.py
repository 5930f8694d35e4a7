"""Pairs of models whose true difference is known: champion, challenger, and test rows of them.

The log-odds of a click are normal: a part that both models see, one that each sees alone (half of
it the creative's, as of a picture), and one of the creative that nobody sees. Each model says the
click probability given what it sees, so that both are calibrated and only what they see tells them
apart.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from scipy.special import expit

from adclick.arrays import Array, Float64
from adclick.evaluation.evaluation import CHALLENGER, CHAMPION, CONSTANT, LOGISTIC
from adclick.evaluation.rows import ScoredRows

INTERCEPT = -3.9  # about 4 % of clicks
SHARED, UNSEEN = 0.8, 0.3
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(40)
COLUMNS = {"site": 20, "device": 3, "slot": 5, "category": 12}


@dataclass(frozen=True)
class Pair:
    """Standard deviations of what champion and challenger see alone, and how much data there is."""

    challenger: float
    champion: float
    impressions: int
    creatives: int = 2000

    def rows(self, seed: int) -> ScoredRows:
        """Test rows of the pair, with baselines that see less, and columns to divide them by."""
        generator = np.random.default_rng(seed)
        n = self.impressions
        creative = self._shown(generator)
        shared = generator.normal(0, SHARED, n)
        ours = self._seen_alone(generator, self.challenger, creative)
        theirs = self._seen_alone(generator, self.champion, creative)
        unseen = generator.normal(0, UNSEEN, self.creatives)[creative]
        clicks = generator.random(n) < expit(INTERCEPT + shared + ours + theirs + unseen)
        scores = {
            CHALLENGER: said(shared + ours, self._unknown(self.champion)),
            CHAMPION: said(shared + theirs, self._unknown(self.challenger)),
            LOGISTIC: said(shared, self._unknown(self.challenger, self.champion)),
            CONSTANT: np.full(n, self.click_rate),
        }
        return ScoredRows.of(
            clicks.astype(np.float64), np.ones(n), scores, creative, _columns(generator, n)
        )

    @property
    def click_rate(self) -> float:
        """Of all impressions there could be."""
        everything = self._unknown(SHARED, self.challenger, self.champion)
        return float(said(np.zeros(1), everything)[0])

    def lead(self, rows: int = 4_000_000) -> float:
        """The challenger's true AUC minus the champion's, from as many rows with known odds."""
        generator = np.random.default_rng(1)
        seen = generator.normal(0, 1, (3, rows))
        shared, ours, theirs = seen * np.array([[SHARED], [self.challenger], [self.champion]])
        truth = said(shared + ours + theirs, self._unknown())
        return _auc(truth, shared + ours) - _auc(truth, shared + theirs)

    def leading_by(self, lead: float) -> Pair:
        """The pair in which the challenger sees as much more or less that it leads by so much."""
        low, high = 0.0, 3 * self.champion
        for _ in range(12):
            middle = (low + high) / 2
            if replace(self, challenger=middle).lead(400_000) < lead:
                low = middle
            else:
                high = middle
        return replace(self, challenger=(low + high) / 2)

    def _shown(self, generator: np.random.Generator) -> Array:
        """The creative of each impression: few are shown much, many little."""
        popularity = 1 / (np.arange(self.creatives) + 10)
        shown = generator.choice(self.creatives, self.impressions, p=popularity / popularity.sum())
        return np.unique(shown, return_inverse=True)[1]

    def _seen_alone(self, generator: np.random.Generator, sd: float, creative: Array) -> Float64:
        half = sd / np.sqrt(2)
        of_creative = generator.normal(0, half, self.creatives)[creative]
        return np.asarray(of_creative + generator.normal(0, half, len(creative)))

    def _unknown(self, *parts: float) -> float:
        return float(np.sqrt(sum(part**2 for part in (UNSEEN, *parts))))


def said(seen: Float64, unknown: float) -> Float64:
    """The click probability given what is seen of the log-odds, the rest being normal."""
    grid = np.linspace(-8, 8, 2001)
    odds = INTERCEPT + grid[:, np.newaxis] + unknown * NODES
    return np.interp(seen, grid, expit(odds) @ (WEIGHTS / WEIGHTS.sum()))


def _columns(generator: np.random.Generator, count: int) -> dict[str, pa.Array]:
    return {
        name: pa.DictionaryArray.from_arrays(
            pa.array(generator.integers(0, values, count), pa.int32()),
            pa.array([f"{name} {value}" for value in range(values)]),
        )
        for name, values in COLUMNS.items()
    }


def _auc(truth: Float64, score: Float64) -> float:
    """AUC if each row were clicked as often as its probability says."""
    clicks = truth[np.argsort(score)]
    unclicked_below = np.cumsum(1 - clicks) - (1 - clicks) / 2
    return float(clicks @ unclicked_below / (clicks.sum() * (1 - clicks).sum()))
