"""Fitting the baselines to the same rows as the click model."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from adclick.adlog import BUCKETS, AdLog
from adclick.encoding.encoder import FeatureEncoder
from adclick.model.baseline import fit_baseline
from adclick.model.baselines import Baselines
from adclick.model.boosting import fit_boosting
from adclick.splitting import Split
from adclick.training.encoded_rows import encode_rows

MOST_ROWS = 500_000


def train_baselines(log: AdLog, split: Split, encoder: FeatureEncoder) -> Baselines:
    """The baselines of the training rows, or of a share of them by id beyond MOST_ROWS."""
    selection = split.training
    rows = sum(month.rows_kept for month in log.months if month.month in selection.months)
    share = min(1.0, MOST_ROWS / rows)
    end = max(selection.first_bucket + 1, round(selection.end_bucket * share))
    with tempfile.TemporaryDirectory(prefix="adclick-baseline-") as folder:
        sample = selection.model_copy(update={"end_bucket": min(end, BUCKETS)})
        encoded = encode_rows(log, sample, encoder, Path(folder))
        clicks = np.asarray(encoded.clicks, np.float64)
        impressions = np.asarray(encoded.impressions, np.float64)
        slots = encoder.slot_counts
        return Baselines(
            logistic=fit_baseline(encoded.encoded, slots, clicks, impressions),
            boosting=fit_boosting(encoded.encoded, slots, clicks, impressions),
        )
