"""Good rows that were read before, read once more from where they lie in their file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from adclick.arrays import Int64
from adclick.errors import AdclickError
from adclick.ingest.csv_block import Block
from adclick.ingest.formats import Format, open_text
from adclick.ingest.parts import PLACES, ROWS_FILE, Part, read_part
from adclick.ingest.reading import UnitReader
from adclick.ingest.row_unit import wanted_columns
from adclick.ingest.rows import Rows
from adclick.ingest.units import RowUnit
from adclick.ingest.validation import Checked, check_rows
from adclick.schema import Schema

SKIPPED_AT_ONCE = 1024 * 1024  # bytes of a packed file, which has to be gone through


@dataclass(frozen=True)
class Again:
    """Some rows of a part by their places in it (n,), ascending: their lines, texts and values.

    Lines count from 0, from where the unit begins. The text of a row from a Parquet file is CSV.
    """

    rows: Int64
    lines: Int64
    texts: tuple[str, ...]
    checked: Checked


def read_again(root: str, part: Part, unit: RowUnit, schema: Schema, rows: Int64) -> Again | None:
    """These rows (n,) of a unit's part, None if there are none; `root` is the store's.

    Parts keep no text and no hash of a row: few rows need them, and all would pay for it. Raises
    AdclickError when the file is not what it was.
    """
    if not len(rows):
        return None
    places = read_part(root, part, ROWS_FILE, list(PLACES)).take(pa.array(rows))
    lines, starts, sizes = (column.to_numpy() for column in places.columns)
    wanted = wanted_columns(schema)
    if unit.form is Format.PARQUET:
        found = _parquet_rows(unit, wanted, starts)
    else:
        found = _csv_rows(unit, wanted, starts, sizes)
    if found.cells.num_rows != len(rows):
        raise AdclickError(f"{unit.file.uri} changed while it was read: run it again")
    texts = tuple(found.text(np.arange(len(rows))))
    return Again(rows, lines, texts, check_rows(found, unit.file.month, schema))


def _csv_rows(unit: RowUnit, wanted: tuple[str, ...], starts: Int64, sizes: Int64) -> Rows:
    with open_text(unit.file, unit.form) as stream:
        data = b"".join(_lines(stream, starts, sizes, unit.form is Format.CSV))
    block = Block(data, 0, len(data), unit.names, dict.fromkeys(wanted, pa.string()))
    rows, _, _ = block.rows(len(data), 0, 0)
    return rows


def _lines(stream: BinaryIO, starts: Int64, sizes: Int64, can_seek: bool) -> Iterator[bytes]:
    position = 0
    for start, size in zip(starts.tolist(), sizes.tolist(), strict=True):
        if can_seek:
            stream.seek(start)
        else:
            _skip(stream, start - position)
        row = stream.read(size)
        position = start + size
        # the last row of a file may lack its end
        yield row if row.endswith(b"\n") else row + b"\n"


def _skip(stream: BinaryIO, size: int) -> None:
    while size > 0 and (passed := len(stream.read(min(size, SKIPPED_AT_ONCE)))):
        size -= passed


def _parquet_rows(unit: RowUnit, wanted: tuple[str, ...], numbers: Int64) -> Rows:
    cells, texts = list[pa.Table](), list[str]()
    for rows in UnitReader(unit, wanted):
        here = np.flatnonzero(np.isin(rows.starts, numbers))
        cells.append(rows.cells.take(pa.array(here)))
        texts += rows.text(here)
    table = pa.concat_tables(cells).combine_chunks()
    return Rows(
        table, numbers, numbers, numbers, (), {}, lambda chosen: [texts[row] for row in chosen]
    )
