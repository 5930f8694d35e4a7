"""The baseline beside every evaluation: logistic regression on the encoded columns."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix, hstack
from scipy.special import expit

from adclick.arrays import Array, Float64
from adclick.encoding.encoder import Encoded
from adclick.model.labelled_rows import labelled_rows
from adclick.opaque import Opaque

PENALTY = 0.1


@dataclass(frozen=True)
class LogisticBaseline(Opaque):
    """p = sigmoid(intercept + sum of slot weights + numeric @ coefficients).

    `slots` float64 (sum of slot counts,), `offsets` (C,) where each column's slots begin,
    `coefficients` (D,), `click_rate` that of the training rows, a constant prediction.
    """

    slots: Float64
    offsets: Array
    coefficients: Float64
    intercept: float
    click_rate: float

    def predict(self, encoded: Encoded) -> Float64:
        """Click probabilities, float64 (n,)."""
        return np.asarray(expit(self.logits(encoded)))

    def logits(self, encoded: Encoded) -> Float64:
        """What the sigmoid takes, float64 (n,)."""
        slots = encoded.categorical[:, : len(self.offsets)]
        linear = self.slots[slots + self.offsets].sum(axis=1)
        return np.asarray(self.intercept + linear + encoded.numeric @ self.coefficients)

    def save(self, file: Path) -> None:
        """Write the baseline as JSON."""
        parts = {
            "slots": self.slots.tolist(),
            "offsets": self.offsets.tolist(),
            "coefficients": self.coefficients.tolist(),
            "intercept": self.intercept,
            "click_rate": self.click_rate,
        }
        file.write_text(json.dumps(parts), encoding="utf-8")


def load_baseline(file: Path) -> LogisticBaseline:
    """The baseline that `LogisticBaseline.save` wrote."""
    parts = json.loads(file.read_bytes())
    return LogisticBaseline(
        slots=np.array(parts["slots"]),
        offsets=np.array(parts["offsets"], np.int64),
        coefficients=np.array(parts["coefficients"]),
        intercept=parts["intercept"],
        click_rate=parts["click_rate"],
    )


def fit_baseline(
    encoded: Encoded, slot_counts: tuple[int, ...], clicks: Array, impressions: Array
) -> LogisticBaseline:
    """scikit-learn's logistic regression on one-hot slots and numbers; words are left out.

    An aggregated row counts as its clicks and its impressions without a click.
    """
    # imported here: predicting does without scikit-learn
    from sklearn.linear_model import LogisticRegression

    offsets = np.concatenate([[0], np.cumsum(slot_counts)[:-1]])
    total = int(np.sum(slot_counts))
    features = _one_hot(encoded, offsets, total)
    labelled = labelled_rows(clicks, impressions)
    model = LogisticRegression(C=PENALTY, max_iter=300)
    model.fit(features[labelled.rows], labelled.labels, labelled.weights)
    weights = model.coef_[0]
    return LogisticBaseline(
        slots=weights[:total],
        offsets=offsets,
        coefficients=weights[total:],
        intercept=float(model.intercept_[0]),
        click_rate=float(clicks.sum() / impressions.sum()),
    )


def _one_hot(encoded: Encoded, offsets: Array, total: int) -> csr_matrix:
    count, columns = len(encoded.categorical), len(offsets)
    positions = (encoded.categorical[:, :columns] + offsets).ravel()
    ends = np.arange(0, count * columns + 1, columns)
    slots = csr_matrix((np.ones(len(positions)), positions, ends), shape=(count, total))
    return hstack([slots, csr_matrix(encoded.numeric)]).tocsr()
