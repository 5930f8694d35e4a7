"""The ad log: months of validated impressions and each creative once, behind one handle."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Self

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, model_validator

from adclick.arrays import Int32, Int64, UInt8
from adclick.lookup import positions
from adclick.schema import Schema
from adclick.scratch import scratch_folder

IMPRESSIONS = "_impressions"
CLICKS = "_clicks"
BUCKET = "_bucket"
BUCKETS = 10_000
BATCH_ROWS = 32_768


class SourceFile(BaseModel):
    """A file that rows came from, as it was when it was read."""

    model_config = ConfigDict(frozen=True)

    uri: str
    month: str | None
    size: int
    generation: str


DROPPED = pa.schema([("file", pa.int32()), ("row", pa.int64())])


class Month(BaseModel):
    """One month of the log with its counts; rows_in = rows_kept + rows_quarantined.

    `files` may hold rows that the month leaves out: `dropped` lists them, if there are any, by the
    file's place in `files` and the row's place in the file. Paths are relative to the log's root.
    """

    model_config = ConfigDict(frozen=True)

    month: str
    files: tuple[str, ...]
    quarantine: str
    rows_kept: int
    rows_quarantined: int
    reasons: dict[str, int]
    defaults: dict[str, int]
    impressions: int
    clicks: int
    first: datetime
    last: datetime
    dropped: str | None = None
    undeclared_columns: tuple[str, ...] = ()

    @property
    def rows_in(self) -> int:
        """Rows that the source files held."""
        return self.rows_kept + self.rows_quarantined

    @property
    def click_rate(self) -> float:
        """Clicks per impression."""
        return self.clicks / self.impressions

    @property
    def bad_share(self) -> float:
        """Share of the source's rows that went to quarantine."""
        return self.rows_quarantined / self.rows_in


class CreativeFiles(BaseModel):
    """Where the creatives' images lie: `images` holds count x shape raw uint8, `ids` their ids."""

    model_config = ConfigDict(frozen=True)

    ids: str
    images: str
    count: int
    shape: tuple[int, int, int]


@dataclass(frozen=True)
class CreativeTable:
    """Each creative once: ids (n strings) and images (n, height, width, 3) uint8, RGB."""

    ids: tuple[str, ...]
    images: UInt8

    @cached_property
    def _ids(self) -> pa.Array:
        return pa.array(self.ids, pa.string())

    def index(self, ids: pa.Array) -> Int32:
        """Rows of these creatives in `images`, int32 (n,); -1 for ids that are not in the table."""
        return positions(ids, self._ids).astype(np.int32)


class RowSelection(BaseModel):
    """Which rows of a log: months, a time range [since, until) and a range of id buckets.

    Buckets 0 to 9,999 divide the rows evenly by a hash of their id, so that a share of the rows
    can be named without listing them, and is the same share on every machine.
    """

    model_config = ConfigDict(frozen=True)

    months: tuple[str, ...]
    since: datetime | None = None
    until: datetime | None = None
    first_bucket: int = 0
    end_bucket: int = BUCKETS

    @model_validator(mode="after")
    def _valid(self) -> Self:
        if not 0 <= self.first_bucket < self.end_bucket <= BUCKETS:
            raise ValueError(f"no bucket in [{self.first_bucket}, {self.end_bucket})")
        return self

    def describe(self) -> str:
        """The selection in words, for tables and reports."""
        first, last = min(self.months), max(self.months)
        text = first if first == last else f"{first} to {last}"
        if self.since:
            text += f", from {self.since:%Y-%m-%d %H:%M}"
        if self.until:
            text += f", before {self.until:%Y-%m-%d %H:%M}"
        if self.end_bucket - self.first_bucket < BUCKETS:
            text += f", {(self.end_bucket - self.first_bucket) / BUCKETS:.0%} of ids"
        return text

    def mask(self, batch: pa.RecordBatch, time: str) -> pa.Array | None:
        """True for the rows of `batch` that are selected; None when all are."""
        conditions = []
        if self.since:
            conditions.append(pc.greater_equal(batch[time], pa.scalar(self.since, TIME)))
        if self.until:
            conditions.append(pc.less(batch[time], pa.scalar(self.until, TIME)))
        if self.end_bucket - self.first_bucket < BUCKETS:
            conditions.append(pc.greater_equal(batch[BUCKET], self.first_bucket))
            conditions.append(pc.less(batch[BUCKET], self.end_bucket))
        mask = None
        for condition in conditions:
            mask = condition if mask is None else pc.and_(mask, condition)
        return mask


TIME = pa.timestamp("us", tz="UTC")


class AdLog(BaseModel):
    """A handle on validated impressions in a directory or bucket: small, and never loaded whole.

    Rows lie in Parquet files by month with the schema's columns plus `_impressions` and `_clicks`
    (1 and 0 or 1 where a row is one impression) and `_bucket` (see RowSelection). `root` is a path
    or any fsspec URL. What a handle names never changes once written.
    """

    model_config = ConfigDict(frozen=True)

    root: str
    ad_schema: Schema
    sources: tuple[SourceFile, ...]
    months: tuple[Month, ...]
    creative_files: CreativeFiles | None = None

    @property
    def undeclared_columns(self) -> tuple[str, ...]:
        """Columns of the source's files that the schema does not name."""
        return tuple(sorted({name for month in self.months for name in month.undeclared_columns}))

    @property
    def month_names(self) -> tuple[str, ...]:
        """The months in the log as YYYY-MM, oldest first."""
        return tuple(month.month for month in self.months)

    def everything(self, *months: str) -> RowSelection:
        """All rows of these months, or of the whole log."""
        return RowSelection(months=months or self.month_names)

    def batches(
        self,
        selection: RowSelection,
        columns: Sequence[str] | None = None,
        *,
        coded: bool = False,
    ) -> Iterator[pa.RecordBatch]:
        """The selected rows in the log's order, at most BATCH_ROWS at a time.

        Use it to go over data of any size; `columns` defaults to all. With `coded`, creatives and
        categories come as dictionary arrays: twice as fast for those who count values.
        """
        time = self.ad_schema.time
        wanted = list(columns) if columns is not None else row_schema(self.ad_schema).names
        read = list(dict.fromkeys([*wanted, time, BUCKET]))
        for month in self.months:
            if month.month in selection.months:
                for batch in self._kept_rows(month, read, coded):
                    mask = selection.mask(batch, time)
                    rows = batch if mask is None else batch.filter(mask)
                    if rows.num_rows:
                        yield rows.select(wanted)

    def _kept_rows(self, month: Month, columns: list[str], coded: bool) -> Iterator[pa.RecordBatch]:
        dictionaries = self.ad_schema.text_columns if coded else ()
        dropped = dropped_rows(self.root, month.dropped)
        for number, file in enumerate(month.files):
            yield from kept_rows(f"{self.root}/{file}", dropped[number], columns, dictionaries)

    def table(self, selection: RowSelection, columns: Sequence[str] | None = None) -> pa.Table:
        """The selected rows in memory: for samples and single columns, not for whole logs."""
        batches = list(self.batches(selection, columns))
        if batches:
            return pa.Table.from_batches(batches)
        empty = row_schema(self.ad_schema).empty_table()
        return empty if columns is None else empty.select(list(columns))

    def creatives(self) -> CreativeTable | None:
        """The creatives' ids and images, the images memory-mapped; None where there are none."""
        if self.creative_files is None:
            return None
        filesystem, root = fsspec.core.url_to_fs(self.root)
        with filesystem.open(f"{root}/{self.creative_files.ids}", "rb") as file:
            ids = tuple(pq.read_table(file).column("creative").to_pylist())
        images = f"{root}/{self.creative_files.images}"
        if "file" not in filesystem.protocol:
            copy = str(scratch_folder("creatives") / "images")
            filesystem.get_file(images, copy)
            images = copy
        shape = (self.creative_files.count, *self.creative_files.shape)
        return CreativeTable(ids, np.memmap(Path(images), np.uint8, "r", shape=shape))


def dropped_rows(root: str, dropped: str | None) -> Mapping[int, Int64]:
    """The rows that a month of the log at `root` leaves out, by the number of their file."""
    rows: defaultdict[int, Int64] = defaultdict(lambda: np.empty(0, np.int64))
    if dropped is not None:
        filesystem, base = fsspec.core.url_to_fs(root)
        with filesystem.open(f"{base}/{dropped}", "rb") as file:
            table = pq.read_table(file)
        files, positions = (table.column(name).to_numpy() for name in DROPPED.names)
        rows.update({number: positions[files == number] for number in np.unique(files).tolist()})
    return rows


def kept_rows(
    file: str, dropped: Int64, columns: Sequence[str], dictionaries: Sequence[str]
) -> Iterator[pa.RecordBatch]:
    """The rows of one of a log's files (path or fsspec URL) but for those that are `dropped`.

    They come BATCH_ROWS at a time, columns in `dictionaries` as dictionary arrays.
    """
    filesystem, path = fsspec.core.url_to_fs(file)
    first = 0
    with filesystem.open(path, "rb") as stream:
        rows_file = pq.ParquetFile(stream, read_dictionary=list(dictionaries))
        for batch in rows_file.iter_batches(BATCH_ROWS, columns=list(columns)):
            out = dropped[(dropped >= first) & (dropped < first + batch.num_rows)] - first
            first += batch.num_rows
            yield batch.take(_all_but(out, batch.num_rows)) if len(out) else batch


def _all_but(rows: Int64, count: int) -> pa.Array:
    return pa.array(np.delete(np.arange(count), rows))


def row_schema(schema: Schema) -> pa.Schema:
    """The Arrow schema of a log's rows, in which no value is missing."""
    fields = [pa.field(schema.id, pa.string()), pa.field(schema.time, TIME)]
    fields += [pa.field(name, pa.string()) for name in schema.text_columns]
    fields += [pa.field(name, pa.float64()) for name in schema.numeric]
    fields += [
        pa.field(IMPRESSIONS, pa.int64()),
        pa.field(CLICKS, pa.int64()),
        pa.field(BUCKET, pa.int16()),
    ]
    return pa.schema([field.with_nullable(False) for field in fields])
