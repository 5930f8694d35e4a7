"""Candidates that were asked for lately, to be asked for once more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from adclick.prediction_log.reading import answered, prediction_columns
from adclick.records.columns import conform
from adclick.records.reading import Days, read_records
from adclick.schema import Schema

SEED = 0


def sample_requests(
    root: str, schema: Schema, days: Days, most: int
) -> tuple[Mapping[str, Any], ...]:
    """The features of up to `most` candidates of these days, by name, as they were sent.

    They are drawn evenly from all that the log at `root` holds, which is read once and never held
    whole; of what a request left out nothing is said. Empty where nobody asked.
    """
    draw = np.random.default_rng(SEED)
    columns = prediction_columns(schema)
    kept = columns.empty_table().select(schema.features)
    keys = np.empty(0)
    for table in read_records(root, columns.names, days):
        drawn = conform(answered(table), columns).select(schema.features)
        kept = pa.concat_tables([kept, drawn])
        keys = np.concatenate([keys, draw.random(drawn.num_rows)])
        # those with the smallest of all keys: each row is as likely to be one of them
        chosen = keys.argsort()[:most]
        kept, keys = kept.take(chosen), keys[chosen]
    return tuple(
        {name: value for name, value in row.items() if value is not None}
        for row in kept.to_pylist()
    )
