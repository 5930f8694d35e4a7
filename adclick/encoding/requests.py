"""Rows of an ad log as the requests that would have asked for their scores."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from adclick.adlog import IMPRESSIONS, AdLog, RowSelection, row_schema
from adclick.schema import Schema


def request_rows(log: AdLog, selection: RowSelection, count: int) -> list[dict[str, Any]]:
    """Up to `count` of the selected impressions, spread evenly, as features by name.

    The impression's id comes along under the schema's id column; `features` takes it off. A row of
    many impressions may come several times, each time under an id of its own: "ID", "ID#2" ...
    """
    return as_requests(log.ad_schema, sample_rows(log, selection, count))


def sample_rows(log: AdLog, selection: RowSelection, count: int) -> pa.Table:
    """Ids and features of up to `count` of the selected impressions, spread evenly.

    Rows are as the log has them; one of many impressions may come several times in a row.
    """
    batches = log.batches(selection, [IMPRESSIONS])
    total = sum(pc.sum(batch[IMPRESSIONS]).as_py() for batch in batches)
    step = max(1, total // count) if total else 1
    names = [log.ad_schema.id, *log.ad_schema.features]
    chosen: list[pa.RecordBatch] = []
    seen = found = 0
    for batch in log.batches(selection, [*names, IMPRESSIONS]):
        ends = seen + np.cumsum(batch[IMPRESSIONS].to_numpy())
        asked = np.arange(seen + -seen % step, ends[-1], step)[: count - found]
        chosen.append(batch.select(names).take(np.searchsorted(ends, asked, side="right")))
        seen, found = int(ends[-1]), found + len(asked)
    shape = pa.schema([row_schema(log.ad_schema).field(name) for name in names])
    return pa.Table.from_batches(chosen, shape)


def as_requests(schema: Schema, rows: pa.Table) -> list[dict[str, Any]]:
    """Rows of `sample_rows` as `request_rows` has them."""
    requests: list[dict[str, Any]] = rows.to_pylist()
    before, times = None, 1
    for request in requests:
        name = request[schema.id]
        times = times + 1 if name == before else 1
        before = name
        request[schema.time] = format_time(request[schema.time], schema.time_format)
        if times > 1:
            request[schema.id] = f"{name}#{times}"
    return requests


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
