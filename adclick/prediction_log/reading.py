"""What a server answered, as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from adclick.opaque import Opaque
from adclick.prediction_log.names import (
    CANDIDATE,
    GOLDEN,
    MODEL_VERSION,
    REPLAYED,
    REQUEST,
    SCORE,
)
from adclick.records.columns import OWN_TYPES, TIME, conform
from adclick.records.reading import read_records
from adclick.schema import Schema


@dataclass(frozen=True)
class LoggedPredictions(Opaque):
    """What a prediction log holds of one model version: each candidate once, and the repeats."""

    table: pa.Table
    repeats: int


def read_predictions(root: str | Path, schema: Schema, model_version: str) -> LoggedPredictions:
    """The predictions of `model_version` below `root`, ordered by request and candidate.

    `root` is a folder or any fsspec URL, such as a bucket's.
    Golden requests, which a deployment checks itself with, and replayed ones are left out. The
    table has the schema's feature columns (text and float64) beside `_request`, `_candidate` and
    `_score`. A request that was answered more than once counts once, as first answered.
    """
    columns = prediction_columns(schema)
    records = read_records(str(root), columns.names)
    tables = [conform(answered(table, model_version), columns) for table in records]
    table, repeats = first_answers(pa.concat_tables([columns.empty_table(), *tables]))
    wanted = [*schema.features, REQUEST, CANDIDATE, SCORE]
    return LoggedPredictions(table.select(wanted), repeats)


def prediction_columns(schema: Schema) -> pa.Schema:
    """The columns of a prediction log: features, and our own."""
    own = [pa.field(name, OWN_TYPES[name]) for name in (REQUEST, CANDIDATE, SCORE, TIME)]
    return pa.schema([*_features(schema), *own, pa.field(MODEL_VERSION, pa.string())])


def answered(table: pa.Table, model_version: str | None = None) -> pa.Table:
    """The rows of real requests, of one version or of all."""
    ours = (pc.starts_with(table[REQUEST], prefix) for prefix in (GOLDEN, REPLAYED))
    chosen = pc.invert(pc.or_(*ours))
    if model_version is not None:
        chosen = pc.and_(chosen, pc.equal(table[MODEL_VERSION], model_version))
    return table.filter(chosen)


def first_answers(table: pa.Table) -> tuple[pa.Table, int]:
    """Each candidate as it was first answered, by request and candidate, and the other rows."""
    ordered = table.sort_by([(name, "ascending") for name in (REQUEST, CANDIDATE, TIME)])
    first = ordered.filter(first_of_each(ordered))
    return first, ordered.num_rows - first.num_rows


def first_of_each(ordered: pa.Table) -> pa.Array:
    """True for the first row of each candidate; rows are ordered by request and candidate."""
    first = np.ones(ordered.num_rows, bool)
    if ordered.num_rows:
        requests = ordered[REQUEST].combine_chunks()
        candidates = ordered[CANDIDATE].to_numpy()
        same = pc.equal(requests[1:], requests[:-1]).to_numpy(zero_copy_only=False)
        first[1:] = ~same | (candidates[1:] != candidates[:-1])
    return pa.array(first)


def prediction_table(rows: Sequence[Mapping[str, Any]], schema: Schema) -> pa.Table:
    """Requests' features as columns: numeric ones float64, all others text."""
    columns: dict[str, pa.Array] = {}
    for field in _features(schema):
        values = [row.get(field.name) for row in rows]
        if field.type == pa.string():
            values = [v if v is None else str(v) for v in values]
        columns[field.name] = pa.array(values, field.type)
    return pa.table(columns)


def _features(schema: Schema) -> list[pa.Field]:
    return [
        pa.field(name, pa.float64() if name in schema.numeric else pa.string())
        for name in schema.features
    ]
