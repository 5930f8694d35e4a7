"""LightGBM on the encoded columns, tuned by the calibration rows.

Usage: boosting.py ROWS.npz SCORES.npy SEED. Runs in .venv-bench, which knows nothing of adclick.
"""

from __future__ import annotations

import itertools
import sys
from typing import Any

import lightgbm as lgb
import numpy as np

LEAVES = (4, 7, 15)
SMOOTHING = ((10, 10), (50, 50))
ROUNDS, PATIENCE = 2000, 50


def main(rows: str, scores: str, seed: int) -> None:
    """Fit one booster a setting and write the test scores of the one that calibration rows like."""
    parts = np.load(rows)

    def features(name: str) -> Any:
        return np.concatenate([parts[f"{name}_categorical"], parts[f"{name}_numeric"]], axis=1)

    columns = list(range(parts["training_categorical"].shape[1]))
    data = lgb.Dataset(
        features("training"),
        parts["training_clicks"],
        categorical_feature=columns,
        params={"verbose": -1, "max_bin": 511},
        free_raw_data=False,
    )
    later = lgb.Dataset(features("calibration"), parts["calibration_clicks"], reference=data)
    boosters = [
        lgb.train(
            _parameters(leaves, smooth, l2, seed),
            data,
            ROUNDS,
            valid_sets=[later],
            callbacks=[lgb.early_stopping(PATIENCE, verbose=False)],
        )
        for leaves, (smooth, l2) in itertools.product(LEAVES, SMOOTHING)
    ]
    best = min(boosters, key=lambda booster: booster.best_score["valid_0"]["binary_logloss"])
    np.save(scores, best.predict(features("test")))


def _parameters(leaves: int, smooth: int, l2: int, seed: int) -> dict[str, Any]:
    return {
        "objective": "binary",
        "learning_rate": 0.05,
        "num_leaves": leaves,
        "min_data_in_leaf": 200,
        "feature_fraction": 0.5,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "lambda_l2": 1,
        "cat_smooth": smooth,
        "cat_l2": l2,
        "max_bin": 511,
        "num_threads": 1,
        "seed": seed,
        "verbose": -1,
    }


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
