"""Aggregated rows as the labelled, weighted rows that scikit-learn's classifiers take."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from adclick.arrays import Array


@dataclass(frozen=True)
class LabelledRows:
    """n rows of a table by number, each with a label, 1 for clicks, and a weight; each (n,)."""

    rows: Array
    labels: Array
    weights: Array


def labelled_rows(clicks: Array, impressions: Array) -> LabelledRows:
    """A row with clicks counts as these, and one with more impressions as what was not clicked."""
    rows = np.arange(len(clicks))
    clicked, unclicked = rows[clicks > 0], rows[impressions > clicks]
    return LabelledRows(
        rows=np.concatenate([clicked, unclicked]),
        labels=np.repeat([1, 0], [len(clicked), len(unclicked)]),
        weights=np.concatenate([clicks[clicked], (impressions - clicks)[unclicked]]),
    )
