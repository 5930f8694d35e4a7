"""How metrics are called and written for people."""

from __future__ import annotations

NAMES = {
    "auc": "AUC",
    "pr_auc": "PR-AUC",
    "logloss": "logloss",
    "normalised_entropy": "normalised entropy",
    "calibration": "predicted / observed",
    "ece": "ECE",
    "brier": "Brier",
    "reliability": "Brier: reliability",
    "resolution": "Brier: resolution",
    "uncertainty": "Brier: uncertainty",
}
_DIGITS = {
    "logloss": 5,
    "normalised_entropy": 5,
    "calibration": 3,
    "brier": 6,
    "reliability": 6,
    "resolution": 6,
}


def digits(metric: str) -> int:
    """How many digits of a metric after the point tell one model from another."""
    return _DIGITS.get(metric, 4)
