"""Which rows are good, typed as the log keeps them, and why the others are not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from adclick.adlog import BUCKET, BUCKETS, CLICKS, IMPRESSIONS, TIME
from adclick.alphabet import is_plain
from adclick.arrays import Array, Float64, UInt64
from adclick.columns import LONGEST_VALUE, CategoricalColumn, NumericColumn, TextColumn
from adclick.ingest.hashes import LONGEST_ID, hash_ids
from adclick.ingest.rows import Rows
from adclick.numbers import LARGEST, parse_numbers
from adclick.schema import Schema
from adclick.times import parse_times

MOST_COUNT = 1_000_000_000  # in one row; sums of counts stay exact
TOO_LONG = f"longer than {LONGEST_VALUE:,} characters"
ROUNDED = r"^[0-9](\.[0-9]+)?[eE]\+[0-9]+$"


@dataclass(frozen=True, order=True)
class Problem:
    """What is wrong with a row: the column ("" for the whole row) and the reason."""

    column: str
    reason: str

    def __str__(self) -> str:
        return f"{self.column}: {self.reason}" if self.column else self.reason


@dataclass(frozen=True)
class Checked:
    """Rows typed (n rows of the log's columns) and what is wrong with each.

    `codes` (n,) int16 is 0 for a good row, else one more than the place of its problem in
    `problems`. `id_hashes` (n,) are of the ids. `filled` marks, by column, the cells that a
    declared default stands in for. `images` are the paths that the rows name, where the log has
    images.
    """

    rows: pa.Table
    codes: Array
    problems: tuple[Problem, ...]
    id_hashes: UInt64
    filled: dict[str, Array]
    images: pa.Array | None


@dataclass(frozen=True)
class Features:
    """What of rows a score is made of: their ids and features, typed (n rows).

    `codes` and `problems` are as in Checked. A creative, or the path in `images`, is null where
    the row names none; `images` is None where the rows have no such column.
    """

    rows: pa.Table
    codes: Array
    problems: tuple[Problem, ...]
    images: pa.Array | None


class _Problems:
    """The first problem found in each row."""

    def __init__(self, count: int) -> None:
        self.codes = np.zeros(count, np.int16)
        self.found: list[Problem] = []

    def add(self, bad: Array, column: str, reason: str) -> None:
        if bad.any():
            self.found.append(Problem(column, reason))
            self.codes[bad & (self.codes == 0)] = len(self.found)


def check_rows(rows: Rows, month: str | None, schema: Schema) -> Checked:
    """Type and check every cell against the schema, in whole columns.

    `month` is that of the rows' file, None where the file names none.
    """
    cells = rows.cells
    problems = _Problems(cells.num_rows)
    _add_flaws(rows, problems)
    ids = _ids(cells, schema.id, problems)
    hashes = hash_ids(ids)
    columns = {schema.time: _times(cells, schema, month, problems)}
    if schema.creative:
        columns[schema.creative], _ = _categories(cells, schema.creative, None, problems)
    images = _categories(cells, schema.image, None, problems)[0] if schema.image else None
    filled = _add_context(cells, schema, columns, problems)
    impressions, clicks = _outcome(cells, schema, problems)
    columns[IMPRESSIONS] = pa.array(impressions.astype(np.int64))
    columns[CLICKS] = pa.array(clicks.astype(np.int64))
    bucket = pa.array((hashes % np.uint64(BUCKETS)).astype(np.int16))
    table = pa.table({schema.id: ids, **columns, BUCKET: bucket})
    found = tuple(problems.found)
    return Checked(table, problems.codes, found, hashes, filled, images)


def check_features(rows: Rows, schema: Schema) -> Features:
    """Type and check what a score is made of, as `check_rows` does, and nothing else.

    Other than there, a row may lack its creative, and its time may lie in any month.
    """
    cells = rows.cells
    problems = _Problems(cells.num_rows)
    _add_flaws(rows, problems)
    ids = _ids(cells, schema.id, problems)
    columns = {schema.time: _times(cells, schema, None, problems)}
    if schema.creative:
        columns[schema.creative], long = _names(cells, schema.creative)
        problems.add(long, schema.creative, TOO_LONG)
    _add_context(cells, schema, columns, problems)
    images = None
    if schema.image and schema.image in cells.column_names:
        images, _ = _names(cells, schema.image)
    found = tuple(problems.found)
    return Features(pa.table({schema.id: ids, **columns}), problems.codes, found, images)


def _add_context(
    cells: pa.Table, schema: Schema, columns: dict[str, pa.Array], problems: _Problems
) -> dict[str, Array]:
    """Add the columns of context; returns where a default stands in, by column."""
    filled: dict[str, Array] = {}
    texts: dict[str, CategoricalColumn | TextColumn] = {**schema.categorical, **schema.texts}
    for name, text in texts.items():
        columns[name], filled[name] = _categories(cells, name, text, problems)
    for name, numeric in schema.numeric.items():
        columns[name], filled[name] = _numbers(cells, name, numeric, problems)
    return filled


def _add_flaws(rows: Rows, problems: _Problems) -> None:
    for reason in sorted(set(rows.flaws.values())):
        bad = np.zeros(rows.cells.num_rows, bool)
        bad[[row for row, flaw in rows.flaws.items() if flaw == reason]] = True
        problems.add(bad, "", reason)


def _cells(cells: pa.Table, name: str) -> pa.Array:
    column = cells.column(name)
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _ids(cells: pa.Table, name: str, problems: _Problems) -> pa.Array:
    ids = _cells(cells, name)
    if not is_plain(ids):
        ids = pc.utf8_trim_whitespace(ids)
        problems.add(_mask(pc.match_substring_regex(ids, ROUNDED)), name, "a rounded number")
    lengths = pc.binary_length(ids).to_numpy()
    problems.add(lengths == 0, name, "empty")
    long = lengths > LONGEST_ID
    problems.add(long, name, f"longer than {LONGEST_ID} bytes")
    return pc.if_else(pa.array(long), "", ids) if long.any() else ids


def _times(cells: pa.Table, schema: Schema, month: str | None, problems: _Problems) -> pa.Array:
    name = schema.time
    times = parse_times(_cells(cells, name), schema.time_format)
    problems.add(np.isnat(times), name, f"no time of the format {schema.time_format}")
    if month is not None:
        begin = np.datetime64(month, "M")
        inside = (times >= begin) & (times < begin + 1)
        problems.add(~inside & ~np.isnat(times), name, "outside the month of its file")
    return pa.array(times, TIME)


def _categories(
    cells: pa.Table,
    name: str,
    column: CategoricalColumn | TextColumn | None,
    problems: _Problems,
) -> tuple[pa.Array, Array]:
    """The column dictionary-encoded, each distinct value looked at once, and where it was empty.

    Without a declaration, as for creatives and images, any text but none is good.
    """
    encoded = _cells(cells, name).dictionary_encode()
    codes = encoded.indices.to_numpy()
    values = pc.utf8_trim_whitespace(encoded.dictionary)
    empty = _mask(pc.equal(values, ""))
    default = column.default if column else None
    if default is None:
        _add_values(problems, empty, codes, name, "empty")
    elif empty.any():
        values = pc.if_else(pa.array(empty), default, values)
    _add_values(problems, _too_long(values), codes, name, TOO_LONG)
    if isinstance(column, CategoricalColumn) and column.allowed is not None:
        allowed = pc.is_in(values, value_set=pa.array(column.allowed, pa.string()))
        _add_values(problems, ~_mask(allowed), codes, name, "not allowed")
    filled = empty[codes] if default is not None else np.zeros(len(codes), bool)
    return _dictionary(values, codes), filled


def _names(cells: pa.Table, name: str) -> tuple[pa.Array, Array]:
    """The column dictionary-encoded, null where a cell is empty, and where it is too long."""
    encoded = _cells(cells, name).dictionary_encode()
    codes = encoded.indices.to_numpy()
    values = pc.utf8_trim_whitespace(encoded.dictionary)
    distinct = values.dictionary_encode()
    codes = distinct.indices.to_numpy()[codes]
    empty = _mask(pc.equal(distinct.dictionary, ""))
    named = pa.DictionaryArray.from_arrays(pa.array(codes, mask=empty[codes]), distinct.dictionary)
    return named, _too_long(distinct.dictionary)[codes]


def _too_long(values: pa.Array) -> Array:
    return _mask(pc.greater(pc.utf8_length(values), LONGEST_VALUE))


def _add_values(
    problems: _Problems, bad_values: Array, codes: Array, column: str, reason: str
) -> None:
    if bad_values.any():
        problems.add(bad_values[codes], column, reason)


def _dictionary(values: pa.Array, codes: Array) -> pa.Array:
    """A dictionary array of these values at these codes, each distinct value in it once."""
    distinct = values.dictionary_encode()
    if len(distinct.dictionary) < len(values):
        codes = distinct.indices.to_numpy()[codes]
    # codes that Arrow gave need no check
    return pa.DictionaryArray.from_arrays(pa.array(codes), distinct.dictionary, safe=False)


def _numbers(
    cells: pa.Table, name: str, column: NumericColumn, problems: _Problems
) -> tuple[pa.Array, Array]:
    values, empty = _parsed(cells, name)
    if column.default is None:
        problems.add(empty, name, "empty")
    else:
        values = np.where(empty, column.default, values)
    problems.add(~(np.abs(values) <= LARGEST), name, "no finite number")
    if column.min is not None:
        problems.add(values < column.min, name, f"below {column.min:g}")
    if column.max is not None:
        problems.add(values > column.max, name, f"above {column.max:g}")
    return pa.array(values), empty & (column.default is not None)


def _parsed(cells: pa.Table, name: str) -> tuple[Float64, Array]:
    """The column's numbers, NaN where there is none, and where its cells are empty."""
    text = _cells(cells, name)
    if pa.types.is_dictionary(text.type):
        codes = text.indices.to_numpy()
        values, empty = _read_numbers(text.dictionary)
        return values[codes], empty[codes]
    return _read_numbers(text)


def _read_numbers(text: pa.Array) -> tuple[Float64, Array]:
    values = parse_numbers(text)
    empty = np.zeros(len(values), bool)
    if len(unread := np.flatnonzero(np.isnan(values))):
        trimmed = pc.utf8_trim_whitespace(text.take(pa.array(unread)))
        values = values.copy()
        values[unread] = parse_numbers(trimmed)
        empty[unread] = _mask(pc.equal(trimmed, ""))
    return values, empty


def _outcome(cells: pa.Table, schema: Schema, problems: _Problems) -> tuple[Float64, Float64]:
    """Impressions and clicks of each row; those of bad rows are set to 1 and 0."""
    if labels := schema.named("label"):
        clicks, _ = _parsed(cells, labels[0])
        problems.add(~((clicks == 0) | (clicks == 1)), labels[0], "neither 0 nor 1")
        impressions = np.ones(len(clicks))
    else:
        (shown,), (clicked,) = schema.named("impressions"), schema.named("clicks")
        impressions, _ = _parsed(cells, shown)
        clicks, _ = _parsed(cells, clicked)
        no_count = f"no whole number from {{}} to {MOST_COUNT:,}"
        problems.add(~_whole(impressions, 1), shown, no_count.format(1))
        problems.add(~_whole(clicks, 0), clicked, no_count.format(0))
        problems.add(clicks > impressions, clicked, f"more than {shown}")
    bad = problems.codes != 0
    return np.where(bad, 1.0, impressions), np.where(bad, 0.0, clicks)


def _whole(values: Float64, least: int) -> Array:
    whole: Array = (values >= least) & (values <= MOST_COUNT) & (values == np.floor(values))
    return whole


def _mask(values: pa.Array) -> Array:
    return np.asarray(values.to_numpy(zero_copy_only=False))
