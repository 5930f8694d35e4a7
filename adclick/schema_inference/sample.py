"""A bounded sample of a source's rows, as text."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from adclick.adlog import SourceFile
from adclick.arrays import Array
from adclick.errors import AdclickError
from adclick.ingest.formats import Format, Header, format_of, header_of, open_text
from adclick.ingest.sources import Source

FILES_READ = 8
PIECE_BYTES = 1 << 20
PIECES = 3  # of a file: its head, middle and end where it can be entered anywhere
PIECE_ROWS = 20_000
LEAST_WHOLE = 0.9


@dataclass(frozen=True)
class Sample:
    """Rows of some files, at most a few hundred thousand.

    `cells` holds n rows of trimmed text, empty where there is none; `file_of` (n,) says which of
    `files` each row is of. `left_out` names columns that cannot be declared, each with the reason.
    """

    cells: pa.Table
    file_of: Array
    files: tuple[SourceFile, ...]
    left_out: dict[str, str]

    @property
    def months(self) -> Array:
        """The month that each row's file names (n,), None where it names none."""
        return np.array([file.month for file in self.files], dtype=object)[self.file_of]


def read_sample(source: Source) -> Sample:
    """Rows from pieces of several files, spread over the source's months.

    Raises AdclickError when a file cannot be read or no file has a row.
    """
    spread = np.linspace(0, len(source.files) - 1, FILES_READ).round().astype(int)
    files = [source.files[position] for position in sorted(set(spread.tolist()))]
    files = [file for file in files if file.size]
    tables = [_read(file) for file in files]
    if not any(table.num_rows for table in tables):
        raise AdclickError(f"no row below the headers of the files in {source.uri}")
    left_out = _undeclarable([table.column_names for table in tables])
    names = [name for name in tables[-1].column_names if name not in left_out]
    cells = pa.concat_tables([table.select(names) for table in tables])
    file_of = np.repeat(np.arange(len(files)), [table.num_rows for table in tables])
    return Sample(cells.combine_chunks(), file_of, tuple(files), left_out)


def _undeclarable(headers: Sequence[Sequence[str]]) -> dict[str, str]:
    reasons = {}
    for name in dict.fromkeys(name for header in headers for name in header):
        if any(header.count(name) > 1 for header in headers):
            reasons[name] = "more than one column has this name"
        elif any(name not in header for header in headers):
            reasons[name] = "not in every file"
        elif name.startswith("_"):
            reasons[name] = "names that start with _ are adclick's own"
        elif not name or not name.isprintable():
            reasons[name] = "no schema can hold its name"
    return reasons


def _read(file: SourceFile) -> pa.Table:
    form = format_of(file)
    if form is Format.PARQUET:
        return _read_parquet(file)
    header = header_of(file, form)
    rows = _read_pieces(file, header) if form is Format.CSV else _read_head(file, form, header)
    columns = zip(*rows, strict=True) if rows else [()] * len(header.names)
    arrays = [pc.utf8_trim_whitespace(pa.array(cells, pa.string())) for cells in columns]
    return pa.Table.from_arrays(arrays, names=list(header.names))


def _read_pieces(file: SourceFile, header: Header) -> list[list[str]]:
    filesystem, path = fsspec.core.url_to_fs(file.uri)
    if file.size <= header.size + PIECES * PIECE_BYTES:
        return _rows(filesystem.cat_file(path, start=header.size), header)[0]
    found = []
    for start in np.linspace(header.size, file.size - PIECE_BYTES, PIECES, dtype=int).tolist():
        data = filesystem.cat_file(path, start=start, end=start + PIECE_BYTES)
        first = data.find(b"\n") + 1 if start > header.size else 0
        rows, share = _rows(data[first : data.rfind(b"\n") + 1], header)
        # a piece may begin within quotes, where lines are no rows
        found += rows if start == header.size or share >= LEAST_WHOLE else []
    return found


def _read_head(file: SourceFile, form: Format, header: Header) -> list[list[str]]:
    limit = header.size + PIECES * PIECE_BYTES
    with open_text(file, form) as stream:
        data = stream.read(limit)
    end = len(data) if len(data) < limit else data.rfind(b"\n") + 1
    return _rows(data[header.size : end], header)[0]


def _rows(data: bytes, header: Header) -> tuple[list[list[str]], float]:
    """Rows with as many cells as the header has names, and their share of all."""
    reader = csv.reader(io.StringIO(data.decode("utf-8", "replace"), newline=""))
    rows, others = [], 0
    try:
        for row in reader:
            if len(row) == len(header.names):
                rows.append(row)
            else:
                others += bool(row)
    except csv.Error:
        others += 1
    return rows, len(rows) / max(1, len(rows) + others)


def _read_parquet(file: SourceFile) -> pa.Table:
    with fsspec.open(file.uri, "rb") as stream:
        parquet = pq.ParquetFile(stream)
        groups = np.linspace(0, parquet.num_row_groups - 1, PIECES).round().astype(int).tolist()
        batches = [
            next(parquet.iter_batches(PIECE_ROWS, row_groups=[group]), None)
            for group in sorted(set(groups))
            if parquet.num_row_groups
        ]
        table = pa.Table.from_batches(
            [batch for batch in batches if batch is not None], parquet.schema_arrow
        )
    return pa.table({name: _as_text(table.column(name)) for name in table.column_names})


def _as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    try:
        # true is 1 where rows are read too
        whole = column.cast(pa.int8()) if pa.types.is_boolean(column.type) else column
        text = whole.cast(pa.string())
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        # lists, structs and bytes: a column that nothing can be made of
        text = pa.chunked_array([pa.nulls(len(column), pa.string())])
    return pc.utf8_trim_whitespace(pc.fill_null(text, ""))
