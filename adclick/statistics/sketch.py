"""All of a month's columns in flat memory, by parts of it that are put together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import batched

import numpy as np
import pyarrow as pa

from adclick.adlog import CLICKS, IMPRESSIONS
from adclick.arrays import Array, Float64, Int64
from adclick.errors import AdclickError
from adclick.schema import Schema
from adclick.statistics.numbers import NumberSketch, merge_numbers, sketch_numbers
from adclick.statistics.values import ValueSketch, merge_values, sketch_values

HOURS = 31 * 24
HOUR = 3_600_000_000  # microseconds
TOGETHER = 8


@dataclass(frozen=True)
class MonthSketch:
    """Some or all rows of a month, every figure weighted by their impressions.

    `impressions` and `clicks` (HOURS,) are by hour since the month began, `squares` is the sum of
    the rows' squared impressions. `varying` are the columns that differed between rows of one ad
    in some batch, all where there are no ads. `values` are of text columns, `numbers` of others.
    """

    impressions: Int64
    clicks: Int64
    squares: float
    varying: frozenset[str]
    values: dict[str, ValueSketch]
    numbers: dict[str, NumberSketch]


def sketched_columns(schema: Schema) -> tuple[str, ...]:
    """The columns of a log that `sketch_rows` reads; ids, which all differ, are none of them."""
    return (schema.time, *schema.text_columns, *schema.numeric, IMPRESSIONS, CLICKS)


def sketch_rows(batch: pa.RecordBatch, schema: Schema, month: str) -> MonthSketch:
    """The sketch of one batch of the month's rows, at least one, with `sketched_columns`."""
    impressions, clicks = _floats(batch, IMPRESSIONS), _floats(batch, CLICKS)
    hours = _hours(batch.column(schema.time), month)
    text = {name: batch.column(name).dictionary_encode() for name in schema.text_columns}
    numbers = {name: _floats(batch, name) for name in schema.numeric}
    return MonthSketch(
        impressions=np.bincount(hours, impressions, HOURS).astype(np.int64),
        clicks=np.bincount(hours, clicks, HOURS).astype(np.int64),
        squares=float(impressions @ impressions),
        varying=_varying(text, numbers, schema.creative),
        values={name: sketch_values(column, impressions, clicks) for name, column in text.items()},
        numbers={name: sketch_numbers(column, impressions) for name, column in numbers.items()},
    )


def _varying(
    text: dict[str, pa.DictionaryArray], numbers: dict[str, Float64], creative: str | None
) -> frozenset[str]:
    columns = {name: column.indices.to_numpy() for name, column in text.items()} | numbers
    if creative is None:
        return frozenset(columns)
    first = _first_of_same(columns[creative])
    return frozenset(name for name, cells in columns.items() if (cells[first] != cells).any())


def _first_of_same(codes: Array) -> Int64:
    """For each of the codes (n,) a row that has the same, always the same one."""
    row = np.zeros(codes.max() + 1, np.int64)
    row[codes] = np.arange(len(codes))
    return np.asarray(row[codes])


def merge_sketches(parts: Sequence[MonthSketch]) -> MonthSketch:
    """The sketch of all parts' rows: parts of a month may be sketched apart, on any machine."""
    first = parts[0]
    return MonthSketch(
        impressions=np.sum([part.impressions for part in parts], axis=0),
        clicks=np.sum([part.clicks for part in parts], axis=0),
        squares=sum(part.squares for part in parts),
        varying=frozenset().union(*(part.varying for part in parts)),
        values={name: merge_values([part.values[name] for part in parts]) for name in first.values},
        numbers={
            name: merge_numbers([part.numbers[name] for part in parts]) for name in first.numbers
        },
    )


def sketch_month(batches: Iterable[pa.RecordBatch], schema: Schema, month: str) -> MonthSketch:
    """The sketch of a month of any length, batch by batch; raises AdclickError if it has no row."""
    merged: tuple[MonthSketch, ...] = ()
    for some in batched((sketch_rows(batch, schema, month) for batch in batches), TOGETHER):
        merged = (merge_sketches((*merged, *some)),)
    if not merged:
        raise AdclickError(f"month {month} has no row to describe")
    return merged[0]


def _floats(batch: pa.RecordBatch, name: str) -> Float64:
    return np.asarray(batch.column(name).to_numpy(zero_copy_only=False), np.float64)


def _hours(times: pa.Array, month: str) -> Int64:
    start = np.datetime64(month, "us").astype(np.int64)
    return np.asarray((times.cast(pa.int64()).to_numpy() - start) // HOUR)
