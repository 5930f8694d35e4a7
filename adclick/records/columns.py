"""The columns of a record log: ours, which have a type of their own, and those of its records."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import orjson
import pyarrow as pa

TIME = "_time"
# names that start with _ are never a schema's; all logs share these
OWN_TYPES = {
    "_request": pa.string(),
    "_candidate": pa.int32(),
    TIME: pa.timestamp("us", "UTC"),
    "_model_version": pa.string(),
    "_score": pa.float64(),
    "_clicked": pa.bool_(),
    "_clicked_at": pa.timestamp("us", "UTC"),
}


type Columns = Mapping[str, Sequence[Any]]


def tables_by_day(lines: Iterable[bytes]) -> dict[date, pa.Table]:
    """Write-ahead lines as a table for each day, in the order of the lines.

    A line is the JSON of `[shared, columns]`: what all its records have in common, and the values
    of each of the other columns.
    """
    days: defaultdict[date, _Records] = defaultdict(_Records)
    for line in lines:
        shared, columns = orjson.loads(line)
        days[_day(shared[TIME])].add(shared, columns)
    return {day: days[day].table() for day in sorted(days)}


def _day(microseconds: int) -> date:
    return datetime.fromtimestamp(microseconds / 1e6, UTC).date()


class _Records:
    """Records by column; None where one has no such column."""

    def __init__(self) -> None:
        self._count = 0
        self._columns: dict[str, list[Any]] = {}

    def add(self, shared: dict[str, Any], columns: dict[str, list[Any]]) -> None:
        count = len(next(iter(columns.values())))
        self._extend(columns)
        self._extend({name: [value] * count for name, value in shared.items()})
        self._count += count

    def _extend(self, columns: dict[str, list[Any]]) -> None:
        for name, values in columns.items():
            column = self._columns.setdefault(name, [])
            column.extend([None] * (self._count - len(column)))
            column.extend(values)

    def table(self) -> pa.Table:
        arrays = {}
        for name in sorted(self._columns):
            values = self._columns[name]
            values.extend([None] * (self._count - len(values)))
            own = OWN_TYPES.get(name)
            arrays[name] = column_of(values) if own is None else pa.array(values, own)
        return pa.table(arrays)


def column_of(values: Sequence[Any]) -> pa.Array:
    """Values as int64 or float64 where all of them are such numbers, else as text."""
    kinds = set(map(type, values)) - {type(None)}
    if kinds <= {str}:
        return pa.array(values, pa.string())
    if kinds <= {int, float}:
        try:
            return pa.array(values, pa.int64() if kinds == {int} else pa.float64())
        except (OverflowError, pa.ArrowInvalid):
            # more digits than either can hold
            return pa.array([None if v is None else float(v) for v in values], pa.float64())
    return pa.array([v if v is None or isinstance(v, str) else str(v) for v in values], pa.string())


def conform(table: pa.Table, wanted: pa.Schema) -> pa.Table:
    """The table with exactly these columns: those that it lacks are null."""
    columns = [
        table.column(field.name).cast(field.type)
        if field.name in table.column_names
        else pa.nulls(table.num_rows, field.type)
        for field in wanted
    ]
    return pa.table(columns, schema=wanted)
