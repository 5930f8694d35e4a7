"""The rows that two samples are compared on: one of the log, one of the answered predictions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from adclick.adlog import BUCKET, BUCKETS, CLICKS, IMPRESSIONS, AdLog, RowSelection
from adclick.arrays import Float64, Int64
from adclick.errors import AdclickError
from adclick.monitoring.names import CLICKED, HOUR, SCORE
from adclick.prediction_log import SCORE as LOGGED_SCORE
from adclick.prediction_log import LoggedPredictions
from adclick.prediction_log.names import CLICKED as LABEL
from adclick.schema import Schema
from adclick.times import parse_times

type Score = Callable[[pa.Table], Float64]


def sample_frame(
    log: AdLog, selection: RowSelection, rows: int, score: Score | None = None
) -> pd.DataFrame:
    """At most about `rows` of the selected impressions, the same ones whatever the log's order.

    Columns: `compared_columns`, `clicked` (0 or 1) and, where there is a `score`, what that gives.
    Whole id buckets are taken from the lowest up, at least one of them, so that a sample of a month
    is drawn by a hash of its ids: random to its content, equal on every machine. An aggregated row
    becomes as many rows as its impressions, or where that makes too many, a share of them.
    """
    schema = log.ad_schema
    counts = np.zeros(BUCKETS, np.int64)
    for batch in log.batches(selection, [BUCKET]):
        counts += np.bincount(batch[BUCKET].to_numpy(), minlength=BUCKETS)
    filled = np.flatnonzero(counts)
    if not filled.size:
        raise AdclickError(f"{selection.describe()}: no rows in {log.root}; choose other months")
    end = max(int(np.searchsorted(counts.cumsum(), rows, "right")), int(filled[0]) + 1)
    taken = selection.model_copy(update={"end_bucket": min(end, selection.end_bucket)})
    table = log.table(taken, [BUCKET, schema.id, *schema.features, IMPRESSIONS, CLICKS])
    table = table.sort_by([(BUCKET, "ascending"), (schema.id, "ascending")])
    positions, clicked = _impressions(table, max(rows, table.num_rows))
    scores = None if score is None else score(table.combine_chunks())
    table = table.take(positions)
    frame = _features(table, schema, table[schema.time].to_numpy().astype("datetime64[us]"))
    frame[CLICKED] = clicked
    if scores is not None:
        frame[SCORE] = scores[positions]
    return frame


def _impressions(table: pa.Table, most: int) -> tuple[Int64, Int64]:
    """The row and the click (0 or 1) of each impression, of more than `most` every so many."""
    clicks, shown = (table[name].to_numpy() for name in (CLICKS, IMPRESSIONS))
    # of each row first the impressions that were clicked, then the others
    ends = np.cumsum(np.column_stack([clicks, shown - clicks]))
    total = int(ends[-1])
    count = min(total, most)
    chosen = np.arange(count) * total // count
    parts = np.searchsorted(ends, chosen, side="right")
    return parts // 2, 1 - parts % 2


def prediction_frame(predictions: LoggedPredictions, schema: Schema, rows: int) -> pd.DataFrame:
    """At most `rows` logged predictions, evenly spread over the log: features and `score`.

    `clicked` is among the columns where the log has labels: NaN while it is awaited.
    """
    table = predictions.table
    if table.num_rows > rows:
        table = table.take(np.linspace(0, table.num_rows - 1, rows).astype(np.int64))
    # a request may leave the time out; an empty text is no time
    texts = table[schema.time].combine_chunks().fill_null("")
    times = parse_times(texts, schema.time_format)
    frame = _features(table, schema, times)
    frame[SCORE] = table[LOGGED_SCORE].to_numpy()
    if LABEL in table.column_names:
        frame[CLICKED] = table[LABEL].cast(pa.int8()).cast(pa.float64()).to_numpy()
    return frame


def compared_columns(schema: Schema) -> tuple[str, ...]:
    """What drift is looked for in: categorical and numeric columns and the hour of day.

    Creatives are left out: new ones every month are what an ad log is.
    """
    names = (*schema.categorical, *schema.numeric)
    if taken := {HOUR, CLICKED, SCORE}.intersection(names):
        raise AdclickError(
            f"schema {schema.name}: a feature is named {min(taken)!r}, which drift reports use "
            "for a column of their own; rename it"
        )
    return (*names, HOUR)


def _features(table: pa.Table, schema: Schema, times: npt.NDArray[np.datetime64]) -> pd.DataFrame:
    columns: dict[str, object] = {}
    for name in compared_columns(schema):
        if name == HOUR:
            columns[name] = _hours(times)
        elif name in schema.numeric:
            columns[name] = table[name].to_numpy()
        else:
            columns[name] = table[name].to_pandas().to_numpy(object)
    return pd.DataFrame(columns)


def _hours(times: npt.NDArray[np.datetime64]) -> npt.NDArray[np.object_]:
    """Hours as text, 00 to 23; None where there is no time."""
    days = times.astype("datetime64[D]")
    hours = (times - days).astype("timedelta64[h]").astype(np.int64)
    names = np.array([f"{hour:02d}" for hour in range(24)], object)
    text: npt.NDArray[np.object_] = names[hours % 24]
    text[np.isnat(times)] = None
    return text
