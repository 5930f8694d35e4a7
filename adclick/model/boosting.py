"""Gradient-boosted trees on the encoded columns: what good practice reaches without a network."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from adclick.arrays import Array, Float64
from adclick.encoding.encoder import Encoded
from adclick.model.labelled_rows import labelled_rows
from adclick.opaque import Opaque

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingClassifier

# scikit-learn takes no more categories in a column
MOST_CATEGORIES = 255
TREES, LEAVES, LEARNING_RATE, LEAST_ROWS = 100, 15, 0.1, 100
# impressions at the general click rate that each slot begins with
SMOOTHING = 100


@dataclass(frozen=True)
class BoostingBaseline(Opaque):
    """Trees over slots as categories and numbers; `rates` holds a column's click rates by slot.

    The first `columns` slots of a row are looked at, and so no words.
    Only columns of too many slots have any: there a slot is the number that it has in `rates`.
    """

    trees: HistGradientBoostingClassifier
    rates: dict[int, Float64]
    columns: int

    def predict(self, encoded: Encoded) -> Float64:
        """Click probabilities, float64 (n,)."""
        return np.asarray(
            self.trees.predict_proba(_features(encoded, self.rates, self.columns))[:, 1]
        )

    def save(self, file: Path) -> None:
        """Write the trees in Python's own format: a baseline is read where it was written."""
        file.write_bytes(pickle.dumps((self.trees, self.rates, self.columns)))


def load_boosting(file: Path) -> BoostingBaseline:
    """The trees that `BoostingBaseline.save` wrote; as any pickle, from no one but oneself."""
    return BoostingBaseline(*pickle.loads(file.read_bytes()))


def fit_boosting(
    encoded: Encoded, slot_counts: tuple[int, ...], clicks: Array, impressions: Array
) -> BoostingBaseline:
    """scikit-learn's histogram gradient boosting (Ke et al., LightGBM, 2017).

    An aggregated row counts as its clicks and its impressions without a click.
    """
    # imported here: evaluating another model does without scikit-learn
    from sklearn.ensemble import HistGradientBoostingClassifier

    rates = {
        column: _click_rates(encoded.categorical[:, column], count, clicks, impressions)
        for column, count in enumerate(slot_counts)
        if count > MOST_CATEGORIES
    }
    features = _features(encoded, rates, len(slot_counts))
    labelled = labelled_rows(clicks, impressions)
    trees = HistGradientBoostingClassifier(
        max_iter=TREES,
        max_leaf_nodes=LEAVES,
        learning_rate=LEARNING_RATE,
        min_samples_leaf=LEAST_ROWS,
        early_stopping=False,
        categorical_features=[c for c in range(len(slot_counts)) if c not in rates],
        random_state=1,
    )
    trees.fit(features[labelled.rows], labelled.labels, labelled.weights)
    return BoostingBaseline(trees, rates, len(slot_counts))


def _click_rates(slots: Array, count: int, clicks: Array, impressions: Array) -> Float64:
    general = clicks.sum() / impressions.sum()
    clicked = np.bincount(slots, clicks, count)
    shown = np.bincount(slots, impressions, count)
    rates: Float64 = (clicked + SMOOTHING * general) / (shown + SMOOTHING)
    return rates


def _features(encoded: Encoded, rates: dict[int, Float64], count: int) -> Float64:
    columns = encoded.categorical[:, :count].astype(np.float64)
    for column, known in rates.items():
        columns[:, column] = known[encoded.categorical[:, column]]
    return np.concatenate([columns, encoded.numeric], axis=1)
