"""Fitting the baseline to the same rows as the click model."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from adclick.adlog import BUCKETS, AdLog
from adclick.encoding.encoder import FeatureEncoder
from adclick.model.baseline import LogisticBaseline, fit_baseline
from adclick.splitting import Split
from adclick.training.encoded_rows import encode_rows

MOST_ROWS = 500_000


def train_baseline(log: AdLog, split: Split, encoder: FeatureEncoder) -> LogisticBaseline:
    """The baseline from the training rows, or from a share of them by id beyond MOST_ROWS."""
    selection = split.training
    rows = sum(month.rows_kept for month in log.months if month.month in selection.months)
    share = min(1.0, MOST_ROWS / rows)
    end = max(selection.first_bucket + 1, round(selection.end_bucket * share))
    with tempfile.TemporaryDirectory(prefix="adclick-baseline-") as folder:
        sample = selection.model_copy(update={"end_bucket": min(end, BUCKETS)})
        encoded = encode_rows(log, sample, encoder, Path(folder))
        return fit_baseline(
            encoded.encoded,
            encoder.slot_counts,
            np.asarray(encoded.clicks, np.float64),
            np.asarray(encoded.impressions, np.float64),
        )
