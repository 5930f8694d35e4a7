"""Which rows of a chunk are good, typed as the log keeps them, and why the others are not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from adclick.adlog import BUCKET, BUCKETS, CLICKS, IMPRESSIONS, row_schema
from adclick.arrays import Array, Float64
from adclick.ingest.reading import Chunk
from adclick.numbers import LARGEST, parse_numbers
from adclick.schema import CategoricalColumn, NumericColumn, Schema
from adclick.times import parse_times

MOST_COUNT = 1_000_000_000  # in one row; sums of counts stay exact


@dataclass(frozen=True)
class Checked:
    """A chunk's rows, typed (n rows of `row_schema`), and what is wrong with each.

    `reasons` (n,) holds "" for a good row, else the column and its problem; `months` (n,) the month
    of each time, or "NaT". `filled` marks, by column, the rows that a declared default stands in.
    """

    rows: pa.RecordBatch
    reasons: Array
    months: Array
    filled: dict[str, Array]


class _Reasons:
    """The first problem found in each row."""

    def __init__(self, count: int) -> None:
        self.values = np.full(count, "", dtype=object)

    def add(self, bad: Array, reason: str) -> None:
        self.values[bad & (self.values == "")] = reason


def check_rows(chunk: Chunk, schema: Schema) -> Checked:
    """Type and check every cell of a chunk against the schema, in whole columns."""
    cells, count = chunk.cells, chunk.cells.num_rows
    reasons = _Reasons(count)
    filled: dict[str, Array] = {}
    ids = _text(cells, schema.id)
    reasons.add(ids == "", f"{schema.id}: empty")
    times = parse_times(cells.column(schema.time), schema.time_format)
    reasons.add(np.isnat(times), f"{schema.time}: no time of the format {schema.time_format}")
    months = np.datetime_as_string(times, unit="M").astype(object)
    if chunk.file.month is not None:
        outside = ~np.isnat(times) & (months != chunk.file.month)
        reasons.add(outside, f"{schema.time}: outside the month of its file")
    columns: dict[str, Array] = {schema.id: ids, schema.time: times}
    if schema.creative:
        columns[schema.creative] = _text(cells, schema.creative)
        reasons.add(columns[schema.creative] == "", f"{schema.creative}: empty")
    for name, categorical in schema.categorical.items():
        columns[name], filled[name] = _categories(cells, name, categorical, reasons)
    for name, numeric in schema.numeric.items():
        columns[name], filled[name] = _numbers(cells, name, numeric, reasons)
    columns[IMPRESSIONS], columns[CLICKS] = _outcome(cells, schema, reasons)
    columns[BUCKET] = (pd.util.hash_array(ids) % BUCKETS).astype(np.int16)
    types = row_schema(schema)
    arrays = [pa.array(columns[field.name], field.type, from_pandas=True) for field in types]
    rows = pa.RecordBatch.from_arrays(arrays, schema=types)
    return Checked(rows, reasons.values, months, filled)


def _trimmed(cells: pa.RecordBatch, name: str) -> pa.Array:
    return pc.utf8_trim_whitespace(cells.column(name))


def _text(cells: pa.RecordBatch, name: str) -> Array:
    return np.asarray(_trimmed(cells, name).to_numpy(zero_copy_only=False))


def _categories(
    cells: pa.RecordBatch, name: str, column: CategoricalColumn, reasons: _Reasons
) -> tuple[Array, Array]:
    values = _text(cells, name)
    empty = values == ""
    if column.default is None:
        reasons.add(empty, f"{name}: empty")
    else:
        values = np.where(empty, column.default, values)
    if column.allowed is not None:
        reasons.add(~pd.Series(values).isin(column.allowed).to_numpy(), f"{name}: not allowed")
    return values, empty & (column.default is not None)


def _numbers(
    cells: pa.RecordBatch, name: str, column: NumericColumn, reasons: _Reasons
) -> tuple[Float64, Array]:
    text = _trimmed(cells, name)
    empty = pc.equal(text, "").to_numpy(zero_copy_only=False)
    values = parse_numbers(text)
    if column.default is None:
        reasons.add(empty, f"{name}: empty")
    else:
        values = np.where(empty, column.default, values)
    reasons.add(~(np.abs(values) <= LARGEST), f"{name}: no finite number")
    if column.min is not None:
        reasons.add(values < column.min, f"{name}: below {column.min:g}")
    if column.max is not None:
        reasons.add(values > column.max, f"{name}: above {column.max:g}")
    return values, empty & (column.default is not None)


def _outcome(cells: pa.RecordBatch, schema: Schema, reasons: _Reasons) -> tuple[Float64, Float64]:
    """Impressions and clicks of each row; bad values are given a reason and set to 1 and 0."""
    if labels := schema.named("label"):
        clicks = parse_numbers(_trimmed(cells, labels[0]))
        reasons.add(~np.isin(clicks, (0, 1)), f"{labels[0]}: neither 0 nor 1")
        impressions = np.ones(len(clicks))
    else:
        (shown,), (clicked,) = schema.named("impressions"), schema.named("clicks")
        impressions = parse_numbers(_trimmed(cells, shown))
        clicks = parse_numbers(_trimmed(cells, clicked))
        reasons.add(~_whole(impressions, 1), f"{shown}: no whole number from 1 to {MOST_COUNT:,}")
        reasons.add(~_whole(clicks, 0), f"{clicked}: no whole number from 0 to {MOST_COUNT:,}")
        reasons.add(clicks > impressions, f"{clicked}: more than {shown}")
    bad = reasons.values != ""
    return np.where(bad, 1.0, impressions), np.where(bad, 0.0, clicks)


def _whole(values: Float64, least: int) -> Array:
    whole: Array = (values >= least) & (values <= MOST_COUNT) & (values == np.floor(values))
    return whole
