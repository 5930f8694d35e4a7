"""Rows to be scored, a batch at a time, from a file as it came or from one of an ad log."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from adclick.addresses import image_address
from adclick.adlog import dropped_rows, kept_rows
from adclick.arrays import Array, Int64
from adclick.ingest.bad_rows import BAD_ROWS, malformed_rows, rejected_rows
from adclick.ingest.placing import Found
from adclick.ingest.reading import UnitReader
from adclick.ingest.rows import Rows
from adclick.ingest.units import RowUnit
from adclick.ingest.validation import Features, check_features
from adclick.schema import Schema


class LogUnit(BaseModel):
    """One file of an ad log's month, the `number`th; `dropped` lists what the month leaves out."""

    model_config = ConfigDict(frozen=True)

    root: str
    file: str
    number: int
    dropped: str | None


@dataclass(frozen=True)
class Batch:
    """Rows of a unit: `table` has ids and features of the good ones (n), `bad` all others.

    `images` names each creative's image (n,), null where there is none. `lines` (n,) int64 and
    `bad` (BAD_ROWS) count lines from the unit's begin. `text` gives the raw text of good rows.
    """

    table: pa.Table
    images: pa.Array | None
    lines: Int64
    bad: pa.Table
    text: Callable[[Array], list[str]]

    def take(self, kept: Int64) -> Batch:
        """The good rows at these positions alone; `bad` is as it was."""
        chosen = pa.array(kept)
        return Batch(
            self.table.take(chosen),
            self.images.take(chosen) if self.images is not None else None,
            self.lines[kept],
            self.bad,
            lambda positions: self.text(kept[positions]),
        )


class Reader(Found, Protocol):
    """Goes once over a unit's rows; afterwards it says where they began and ended."""

    def __iter__(self) -> Iterator[Batch]: ...


def reader_of(unit: RowUnit | LogUnit, schema: Schema) -> Reader:
    """The reader of a unit, for the features of this schema."""
    return RawRows(unit, schema) if isinstance(unit, RowUnit) else LogRows(unit, schema)


class RawRows:
    """Rows of a file as it came, checked as requests are."""

    def __init__(self, unit: RowUnit, schema: Schema) -> None:
        self._unit, self._schema = unit, schema
        self._reader = UnitReader(unit, tuple(n for n in scored_columns(schema) if n in unit.names))

    @property
    def begin(self) -> int:
        """Where the rows began, in the unit's own measure."""
        return self._reader.begin

    @property
    def end(self) -> int:
        """Where they ended."""
        return self._reader.end

    @property
    def lines(self) -> int:
        """How many lines they take."""
        return self._reader.lines

    def __iter__(self) -> Iterator[Batch]:
        """The unit's rows."""
        for rows in self._reader:
            malformed = malformed_rows(rows)
            if rows.cells.num_rows:
                yield self._batch(rows, check_features(rows, self._schema), malformed)
            elif malformed.num_rows:
                yield Batch(pa.table({}), None, np.empty(0, np.int64), malformed, lambda _: [])

    def _batch(self, rows: Rows, found: Features, malformed: pa.Table) -> Batch:
        bad = found.codes != 0
        good = np.flatnonzero(~bad)
        table, images = found.rows, found.images
        if len(good) < table.num_rows:
            table = table.take(pa.array(good))
            images = images.take(pa.array(good)) if images is not None else None
        return Batch(
            table.combine_chunks(),
            self._addresses(images) if images is not None else None,
            rows.lines[good],
            pa.concat_tables([malformed, rejected_rows(rows, found.codes, found.problems, bad)]),
            lambda positions: rows.text(good[positions]),
        )

    def _addresses(self, images: pa.DictionaryArray) -> pa.Array:
        file = self._unit.file.uri
        addresses = [image_address(file, path) for path in images.dictionary.to_pylist()]
        return pa.DictionaryArray.from_arrays(images.indices, pa.array(addresses, pa.string()))


class LogRows:
    """Rows that an ad log keeps: typed and good already; the image of a creative is its id's."""

    def __init__(self, unit: LogUnit, schema: Schema) -> None:
        self._unit, self._schema = unit, schema
        self.begin = self.end = self.lines = 0

    def __iter__(self) -> Iterator[Batch]:
        """The file's rows."""
        unit, schema = self._unit, self._schema
        dropped = dropped_rows(unit.root, unit.dropped)[unit.number]
        columns = [schema.id, *schema.features]
        file = f"{unit.root}/{unit.file}"
        for batch in kept_rows(file, dropped, columns, schema.text_columns):
            table = pa.Table.from_batches([batch]).select(columns)
            lines = np.arange(self.lines, self.lines + batch.num_rows, dtype=np.int64)
            self.lines += batch.num_rows
            images = table.column(schema.creative).combine_chunks() if schema.image else None
            yield Batch(table, images, lines, BAD_ROWS.empty_table(), _no_texts)


def scored_columns(schema: Schema) -> tuple[str, ...]:
    """The columns of a file as it came that are read, where they are there."""
    return (schema.id, *schema.features, *schema.named("image"))


def _no_texts(positions: Array) -> list[str]:
    return [""] * len(positions)
