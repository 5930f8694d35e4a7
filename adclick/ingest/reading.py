"""A unit's rows, read a block at a time, so that memory does not grow with the file."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Callable, Container, Iterator

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from adclick.arrays import Array
from adclick.errors import AdclickError
from adclick.ingest.csv_block import Block, as_text
from adclick.ingest.formats import Format, open_parquet, open_text
from adclick.ingest.rows import Malformed, Rows
from adclick.ingest.units import UNIT_BYTES, RowUnit

SLACK_BYTES = 256 * 1024
BLOCK_BYTES = 8 * 1024 * 1024  # what is parsed at once: more falls out of the processor's caches
LONGEST_ROW = 16 * 1024 * 1024
PARQUET_ROWS = 131_072
CODED = pa.dictionary(pa.int32(), pa.string())
OPEN_QUOTE = "a quote is opened and never closed"


class UnitReader:
    """Goes once over a unit's rows; afterwards `begin`, `end` and `lines` say what it found.

    `begin` and `end` are where the rows really began and ended, in the unit's own measure, and
    `lines` how many lines (rows, in Parquet) they take. Cells of `wanted` columns are read, as text
    or, where they are `coded` as well, as dictionaries of texts, each of which need only be looked
    at once. Raises AdclickError while reading a broken file.
    """

    def __init__(self, unit: RowUnit, wanted: tuple[str, ...], coded: Container[str] = ()) -> None:
        self._unit = unit
        self._wanted = {name: CODED if name in coded else pa.string() for name in wanted}
        self.begin, self.end = unit.begin, unit.begin
        self.lines = 0

    def __iter__(self) -> Iterator[Rows]:
        if self._unit.form is Format.PARQUET:
            return self._parquet_rows()
        if self._unit.form is Format.CSV:
            return self._plain_rows()
        return self._packed_rows()

    def _plain_rows(self) -> Iterator[Rows]:
        unit = self._unit
        assert unit.end is not None
        filesystem, path = fsspec.core.url_to_fs(unit.file.uri)
        limit, step = unit.end, SLACK_BYTES
        # one byte earlier: a line end there says that a row begins right at `begin`
        position = unit.begin if unit.exact else unit.begin - 1

        def more() -> bytes:
            nonlocal position, step
            until = min(max(position, limit) + step, unit.file.size)
            # of a row without end, more at a time than was read of it before
            step *= 2
            if position >= until:
                return b""
            data: bytes = filesystem.cat_file(path, start=position, end=until)
            position += len(data)
            return data

        data, start = more(), 0
        if not unit.exact:
            line_end = data.find(b"\n", 0, limit - unit.begin)
            if line_end < 0:
                self.begin = self.end = limit
                return
            self.begin = self.end = unit.begin + line_end
            start = line_end + 1
        yield from self._csv_rows(data, start, more, limit - self.begin)

    def _packed_rows(self) -> Iterator[Rows]:
        with open_text(self._unit.file, self._unit.form) as stream:
            stream.read(self._unit.begin)
            first = stream.read(UNIT_BYTES)
            yield from self._csv_rows(first, 0, lambda: stream.read(UNIT_BYTES), sys.maxsize)

    def _csv_rows(
        self, data: bytes, start: int, more: Callable[[], bytes], owned: int
    ) -> Iterator[Rows]:
        """The rows that begin in the next `owned` bytes: data[start:], then what `more` brings."""
        at_end, limit, used = not data, self.end + owned, 1
        while self.end < limit and (start < len(data) or not at_end):
            # a row that did not end within a block is looked for in all there is
            until = min(start + BLOCK_BYTES, len(data)) if used else len(data)
            cut = until if at_end and until == len(data) else data.rfind(b"\n", start, until) + 1
            block = Block(data, start, max(start, cut), self._unit.names, self._wanted)
            rows, used, lines = block.rows(limit - self.end, self.end, self.lines)
            yield rows
            start += self._step(used, lines)
            if self.end >= limit:
                return
            if until < len(data):
                continue
            if start < len(data) and (at_end or len(data) - start > LONGEST_ROW):
                line_end = data.find(b"\n", start) + 1
                if not at_end and not line_end:
                    raise AdclickError(
                        f"{self._unit.file.uri}: a line of more than {LONGEST_ROW:,} bytes: no CSV?"
                    )
                line = data[start : line_end or len(data)]
                yield self._without_end(line)
                start += self._step(len(line), 1)
            elif not at_end:
                piece = more()
                at_end = not piece
                data, start = data[start:] + piece, 0

    def _step(self, used: int, lines: int) -> int:
        self.end += used
        self.lines += lines
        return used

    def _without_end(self, line: bytes) -> Rows:
        malformed = Malformed(self.lines, as_text(line), OPEN_QUOTE)
        none = np.empty(0, np.int64)
        return Rows(pa.table({}), none, none, none, (malformed,), {}, lambda _: [])

    def _parquet_rows(self) -> Iterator[Rows]:
        unit = self._unit
        assert unit.end is not None
        with open_parquet(unit.file) as parquet:
            groups = list(range(unit.begin, unit.end))
            for batch in parquet.iter_batches(PARQUET_ROWS, row_groups=groups):
                yield self._of_batch(batch)
        self.end = unit.end

    def _of_batch(self, batch: pa.RecordBatch) -> Rows:
        texts = pa.table({name: _as_texts(batch.column(name)) for name in self._unit.names})
        lines = np.arange(self.lines, self.lines + batch.num_rows, dtype=np.int64)
        self.lines += batch.num_rows
        return Rows(
            texts.select(list(self._wanted)).cast(pa.schema(self._wanted)),
            lines,
            lines,
            np.zeros_like(lines),
            (),
            {},
            lambda positions: _as_csv(texts, positions),
        )


def _as_texts(column: pa.Array) -> pa.Array:
    """Typed cells as the text that a CSV file would have: nulls empty, truth as 1 and 0."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    if pa.types.is_nested(column.type) or pa.types.is_binary(column.type):
        column = pa.array([None if cell is None else repr(cell) for cell in column.to_pylist()])
    return pc.fill_null(column.cast(pa.string()), "")


def _as_csv(cells: pa.Table, positions: Array) -> list[str]:
    rows = cells.take(pa.array(positions)).to_pylist()
    return [_csv_line(row) for row in rows]


def _csv_line(row: dict[str, str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(row.values())
    return line.getvalue()
