"""The raw text of rows that were read before, from where their bytes lie in the file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from adclick.arrays import Array
from adclick.errors import AdclickError
from adclick.ingest.csv_block import as_text
from adclick.ingest.formats import Format, open_text
from adclick.ingest.reading import UnitReader
from adclick.ingest.units import RowUnit

SKIPPED_AT_ONCE = 1024 * 1024  # bytes of a packed file, which has to be gone through


def raw_texts(unit: RowUnit, starts: Array, sizes: Array) -> tuple[str, ...]:
    """The text of a unit's rows, which begin at these bytes in ascending order (see Rows).

    Rows of a Parquet file are written as CSV. Raises AdclickError when the file has become
    shorter.
    """
    if unit.form is Format.PARQUET:
        return tuple(_parquet_texts(unit, starts))
    with open_text(unit.file, unit.form) as stream:
        return tuple(_csv_texts(unit, stream, starts, sizes))


def _csv_texts(unit: RowUnit, stream: BinaryIO, starts: Array, sizes: Array) -> Iterator[str]:
    position = 0
    for start, size in zip(starts.tolist(), sizes.tolist(), strict=True):
        if unit.form is Format.CSV:
            stream.seek(start)
        else:
            _skip(stream, start - position)
        row = stream.read(size)
        position = start + size
        if len(row) < size:
            raise AdclickError(f"{unit.file.uri} became shorter while it was read: run it again")
        yield as_text(row)


def _skip(stream: BinaryIO, size: int) -> None:
    while size > 0 and (passed := len(stream.read(min(size, SKIPPED_AT_ONCE)))):
        size -= passed


def _parquet_texts(unit: RowUnit, numbers: Array) -> Iterator[str]:
    for rows in UnitReader(unit, unit.names[:1]):
        yield from rows.text(np.flatnonzero(np.isin(rows.starts, numbers)))
