"""Rows of an ad log as the requests that would have asked for their scores."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from adclick.adlog import AdLog, RowSelection
from adclick.schema import Schema


def request_rows(log: AdLog, selection: RowSelection, count: int) -> list[dict[str, Any]]:
    """Up to `count` of the selected rows, spread evenly, as features by name.

    The impression's id comes along under the schema's id column; `features` takes it off.
    """
    total = sum(batch.num_rows for batch in log.batches(selection, [log.ad_schema.id]))
    step = max(1, total // count) if total else 1
    chosen: list[dict[str, Any]] = []
    seen = 0
    for batch in log.batches(selection, [log.ad_schema.id, *log.ad_schema.features]):
        positions = range(-seen % step, batch.num_rows, step)
        chosen += [_request(log.ad_schema, batch.slice(p, 1).to_pylist()[0]) for p in positions]
        seen += batch.num_rows
    return chosen[:count]


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


def _request(schema: Schema, row: dict[str, Any]) -> dict[str, Any]:
    return {**row, schema.time: format_time(row[schema.time], schema.time_format)}
