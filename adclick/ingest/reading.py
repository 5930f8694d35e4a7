"""CSV files as batches of text cells, each with its row number; nothing is interpreted yet."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field

import fsspec
import numpy as np
import pyarrow as pa
from pyarrow import csv as pacsv

from adclick.adlog import SourceFile
from adclick.arrays import Int64
from adclick.errors import AdclickError
from adclick.schema import Schema

BLOCK_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True)
class Malformed:
    """A row that has not as many cells as the header."""

    row: int
    text: str
    reason: str


@dataclass(frozen=True)
class Chunk:
    """Rows of one file: text cells by column, the 1-based row numbers, and malformed rows."""

    file: SourceFile
    cells: pa.RecordBatch
    rows: Int64
    malformed: tuple[Malformed, ...]


@dataclass
class _MalformedRows:
    found: list[Malformed] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)

    def __call__(self, row: pacsv.InvalidRow) -> str:
        # the parser counts the header as its first row
        number = row.number - 1
        reason = f"{row.actual_columns} cells where the header has {row.expected_columns}"
        self.found.append(Malformed(number, row.text, reason))
        self.numbers.append(number)
        return "skip"

    def take(self) -> tuple[Malformed, ...]:
        taken, self.found = tuple(self.found), []
        return taken


def read_chunks(file: SourceFile, schema: Schema) -> Iterator[Chunk]:
    """The file's rows in order, a block at a time, so that memory does not grow with the file.

    Raises AdclickError when the file is empty, is no UTF-8, or does not have each column of the
    schema once.
    """
    malformed = _MalformedRows()
    next_row = 1
    for cells in _batches(file, schema, malformed):
        rows = _row_numbers(next_row, cells.num_rows, malformed.numbers)
        next_row = int(rows[-1]) + 1 if len(rows) else next_row
        yield Chunk(file, cells, rows, malformed.take())
    if malformed.found:
        no_rows = pa.RecordBatch.from_pylist([], schema=pa.schema([]))
        yield Chunk(file, no_rows, np.empty(0, np.int64), malformed.take())


def columns_of(file: SourceFile) -> tuple[str, ...]:
    """The names in the file's header; raises AdclickError when it is empty."""
    with fsspec.open(file.uri, "rt", encoding="utf-8-sig", newline="") as stream:
        try:
            header = next(csv.reader(stream), [])
        except (UnicodeDecodeError, csv.Error) as error:
            raise AdclickError(f"{file.uri}: no CSV file in UTF-8: {error}") from error
    if not header:
        raise AdclickError(f"{file.uri} is empty: it needs a header and rows")
    return tuple(header)


def _batches(
    file: SourceFile, schema: Schema, malformed: _MalformedRows
) -> Iterator[pa.RecordBatch]:
    names = [name for name, column in schema.columns.items() if column.role != "ignored"]
    header = columns_of(file)
    missing = [name for name in schema.columns if name not in header]
    if missing:
        raise AdclickError(
            f"{file.uri} has no column {missing[0]!r} that schema {schema.name} names: "
            "mend the file or the schema"
        )
    repeated = [name for name in schema.columns if header.count(name) > 1]
    if repeated:
        raise AdclickError(f"{file.uri} has column {repeated[0]!r} more than once: keep one")
    with fsspec.open(file.uri, "rb") as stream:
        try:
            # the first block is read here, the others as they are asked for
            yield from pacsv.open_csv(
                stream,
                # rows are only numbered when they are parsed one after the other
                pacsv.ReadOptions(block_size=BLOCK_BYTES, use_threads=False),
                pacsv.ParseOptions(newlines_in_values=True, invalid_row_handler=malformed),
                pacsv.ConvertOptions(
                    include_columns=names,
                    column_types=dict.fromkeys(names, pa.string()),
                    strings_can_be_null=False,
                ),
            )
        except pa.ArrowInvalid as error:
            raise AdclickError(f"{file.uri}: {error}") from error


def _row_numbers(first: int, count: int, skipped: list[int]) -> Int64:
    """The next `count` row numbers from `first` that are not among the skipped ones."""
    ahead = [number for number in skipped if number >= first]
    numbers = np.arange(first, first + count + len(ahead), dtype=np.int64)
    return numbers[~np.isin(numbers, ahead)][:count]
