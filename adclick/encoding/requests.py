"""Rows of an ad log as the requests that would have asked for their scores."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from adclick.adlog import IMPRESSIONS, AdLog, RowSelection
from adclick.arrays import Int64
from adclick.schema import Schema


def request_rows(log: AdLog, selection: RowSelection, count: int) -> list[dict[str, Any]]:
    """Up to `count` of the selected impressions, spread evenly, as features by name.

    The impression's id comes along under the schema's id column; `features` takes it off. A row of
    many impressions may come several times, each time under an id of its own: "ID", "ID#2" ...
    """
    batches = log.batches(selection, [IMPRESSIONS])
    total = sum(pc.sum(batch[IMPRESSIONS]).as_py() for batch in batches)
    step = max(1, total // count) if total else 1
    chosen: list[dict[str, Any]] = []
    seen = 0
    names = [log.ad_schema.id, *log.ad_schema.features]
    for batch in log.batches(selection, [*names, IMPRESSIONS]):
        ends = seen + np.cumsum(batch[IMPRESSIONS].to_numpy())
        asked = np.arange(seen + -seen % step, ends[-1], step)[: count - len(chosen)]
        rows = np.searchsorted(ends, asked, side="right")
        chosen += _requests(log.ad_schema, batch.select(names), rows)
        seen = int(ends[-1])
    return chosen


def features(schema: Schema, row: dict[str, Any]) -> dict[str, Any]:
    """The part of a row that a prediction request carries."""
    return {name: row[name] for name in schema.features}


def format_time(time: datetime, time_format: str) -> str | float:
    """A time as the log and its requests write it; the inverse of `parse_time`."""
    if time_format == "iso":
        return time.isoformat()
    if time_format == "epoch":
        return time.timestamp()
    return time.strftime(time_format)


def _requests(schema: Schema, batch: pa.RecordBatch, rows: Int64) -> Iterator[dict[str, Any]]:
    for position, times in zip(*np.unique(rows, return_counts=True), strict=True):
        row = batch.slice(position, 1).to_pylist()[0]
        row[schema.time] = format_time(row[schema.time], schema.time_format)
        yield row
        for time in range(2, times + 1):
            yield {**row, schema.id: f"{row[schema.id]}#{time}"}
