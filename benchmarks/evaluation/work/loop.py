"""The same slices as a loop over them with pandas and scikit-learn, without errors.

As TensorFlow Model Analysis does it, slice by slice and metric by metric: `... loop ROWS`.
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from adclick.evaluation.rows import ScoredRows
from benchmarks.evaluation.work.rows import write_rows
from benchmarks.ingest.stopwatch import tell, timed


def main() -> None:
    """Measure the slices, and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=int)
    rows = write_rows(parser.parse_args().rows)
    frame = in_memory(rows)
    found, took = timed(lambda: looped(rows, frame))
    tell(took, slices=found)


def in_memory(rows: ScoredRows) -> pd.DataFrame:
    """Clicks, scores and columns of text."""
    blocks = list(rows.blocks())
    frame = pd.DataFrame({"clicks": np.concatenate([block.clicks for block in blocks])})
    for name in rows.models:
        frame[name] = np.concatenate([block.score(name) for block in blocks])
    for column in rows.columns:
        codes = np.concatenate([block.codes(column.name) for block in blocks])
        frame[column.name] = pd.Categorical.from_codes(codes, list(column.values))
    return frame


def looped(rows: ScoredRows, frame: pd.DataFrame) -> dict[str, dict[str, dict[str, float]]]:
    """The metrics of each slice by model."""
    found = {}
    for column in rows.columns:
        for value in column.values:
            some = frame[frame[column.name] == value]
            clicks = some["clicks"].to_numpy()
            found[f"{column.name} {value}"] = {
                name: {
                    "auc": float(roc_auc_score(clicks, some[name])),
                    "pr_auc": float(average_precision_score(clicks, some[name])),
                    "logloss": float(log_loss(clicks, some[name])),
                    "brier": float(brier_score_loss(clicks, some[name])),
                    "calibration": float(some[name].sum() / clicks.sum()),
                }
                for name in rows.models
            }
    return found


if __name__ == "__main__":
    main()
