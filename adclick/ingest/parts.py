"""What comes of a unit's rows: a Parquet file of good rows a month, and one of bad ones."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from datetime import datetime

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict

from adclick.adlog import CLICKS, IMPRESSIONS, row_schema
from adclick.arrays import Array
from adclick.ingest.bad_rows import BAD_ROWS
from adclick.ingest.storage import written
from adclick.schema import Schema

ID_HASH = "_id_hash"
# where a row lies in its file: see Rows
LINE, START, SIZE = "_line", "_start", "_size"
PLACES = (LINE, START, SIZE)
CREATIVES = pa.schema([("creative", pa.string()), ("image", pa.string())])
NO_MONTH = ""  # of bad rows whose time cannot be read, in files that name no month
ROWS_FILE, BAD_FILE, CREATIVES_FILE = "rows.parquet", "bad.parquet", "creatives.parquet"


class Part(BaseModel):
    """A unit's rows of one month; `folder` is relative to the store's root.

    Files of which there is nothing to say are not there: rows_kept, rows_bad and creatives are 0.
    """

    model_config = ConfigDict(frozen=True)

    month: str
    folder: str
    rows_kept: int
    rows_bad: int
    reasons: dict[str, int]
    defaults: dict[str, int]
    impressions: int
    clicks: int
    creatives: int
    first: datetime | None
    last: datetime | None


class PartWriter:
    """Streams the rows of one month in a unit to its files, and counts them.

    Use it as a context manager; nothing appears before it ends without an error.
    """

    def __init__(self, root: str, folder: str, month: str, schema: Schema) -> None:
        self._root, self._folder, self._month, self._schema = root, folder, month, schema
        self._stack = ExitStack()
        self._writers: dict[str, pq.ParquetWriter] = {}
        self._reasons: Counter[str] = Counter()
        self._defaults: Counter[str] = Counter()
        self._kept = self._impressions = self._clicks = 0
        self._span: list[datetime] = []
        self._creatives: pa.Table = CREATIVES.empty_table()

    def __enter__(self) -> PartWriter:
        self._stack.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.__exit__(*error)  # type: ignore[arg-type]

    def keep(self, rows: pa.Table, defaults: dict[str, int], images: pa.Array | None) -> None:
        """Write good rows, with the columns of `part_schema`, and their images' paths."""
        self._writer(ROWS_FILE, part_schema(self._schema)).write_table(rows)
        self._kept += rows.num_rows
        self._impressions += pc.sum(rows.column(IMPRESSIONS)).as_py()
        self._clicks += pc.sum(rows.column(CLICKS)).as_py()
        span = pc.min_max(rows.column(self._schema.time)).as_py()
        self._span += [span["min"], span["max"]]
        self._defaults.update({name: count for name, count in defaults.items() if count})
        if images is not None and self._schema.creative:
            pairs = _distinct(rows.column(self._schema.creative).combine_chunks(), images)
            both = pa.concat_tables([self._creatives, pairs])
            self._creatives = both.group_by(["creative", "image"]).aggregate([])

    def quarantine(self, rows: pa.Table) -> None:
        """Write bad rows (BAD_ROWS) and count their reasons."""
        self._writer(BAD_FILE, BAD_ROWS).write_table(rows)
        self._reasons.update(count_reasons(rows))

    def finish(self) -> Part:
        """Complete the files and say what is in them."""
        if self._creatives.num_rows:
            pairs = self._creatives.sort_by([("creative", "ascending"), ("image", "ascending")])
            self._writer(CREATIVES_FILE, CREATIVES).write_table(pairs)
        for writer in self._writers.values():
            writer.close()
        self._stack.close()
        return Part(
            month=self._month,
            folder=self._folder,
            rows_kept=self._kept,
            rows_bad=self._reasons.total(),
            reasons=dict(sorted(self._reasons.items())),
            defaults=dict(sorted(self._defaults.items())),
            impressions=self._impressions,
            clicks=self._clicks,
            creatives=self._creatives.num_rows,
            first=min(self._span, default=None),
            last=max(self._span, default=None),
        )

    def _writer(self, name: str, schema: pa.Schema) -> pq.ParquetWriter:
        if name not in self._writers:
            file = self._stack.enter_context(written(f"{self._root}/{self._folder}/{name}"))
            self._writers[name] = _parquet_writer(file, schema, self._schema)
        return self._writers[name]


def count_reasons(bad: pa.Table) -> Counter[str]:
    """How often each column is bad for each reason, in the order of the first such row."""
    groups = bad.group_by(["column", "reason"], use_threads=False).aggregate([([], "count_all")])
    counted = Counter[str]()
    for column, reason, count in zip(*(each.to_pylist() for each in groups.columns), strict=True):
        counted[f"{column}: {reason}" if column else reason] += count
    return counted


def read_part(root: str, part: Part, name: str, columns: list[str] | None = None) -> pa.Table:
    """One of a part's files, or some columns of it; `root` is the store's."""
    filesystem, path = fsspec.core.url_to_fs(f"{root}/{part.folder}/{name}")
    with filesystem.open(path, "rb") as file:
        return pq.ParquetFile(file, pre_buffer=False).read(columns, use_threads=False)


def part_schema(schema: Schema) -> pa.Schema:
    """The Arrow schema of a part's rows: the log's, and what finding double ids takes.

    Columns with few distinct values are written as dictionaries; they read as text. No value is
    missing, so that none has to be marked as there.
    """
    fields = [
        pa.field(field.name, pa.dictionary(pa.int32(), pa.string()))
        if field.name in schema.text_columns
        else field
        for field in row_schema(schema)
    ]
    fields += [pa.field(ID_HASH, pa.uint64()), *(pa.field(name, pa.int64()) for name in PLACES)]
    return pa.schema([field.with_nullable(False) for field in fields])


def _parquet_writer(file: object, columns: pa.Schema, schema: Schema) -> pq.ParquetWriter:
    names = set(columns.names)
    ascending = [name for name in (schema.time, *PLACES) if name in names]
    packed = (schema.id, *BAD_ROWS.names)
    repeated = (*schema.text_columns, *schema.numeric, IMPRESSIONS, CLICKS)
    return pq.ParquetWriter(
        file,
        columns,
        # dictionaries, differences and hashes are as small as they get, or nearly so
        compression={name: "snappy" if name in packed else "none" for name in columns.names},
        use_dictionary=[name for name in repeated if name in names],
        column_encoding=dict.fromkeys(ascending, "DELTA_BINARY_PACKED"),
        write_statistics=False,
        # readers are to see text, not dictionaries
        store_schema=False,
    )


def _distinct(creatives: pa.DictionaryArray, images: pa.DictionaryArray) -> pa.Table:
    """The distinct pairs of creative and image among rows."""
    width = max(1, len(images.dictionary))
    both: Array = creatives.indices.to_numpy().astype(np.int64) * width + images.indices.to_numpy()
    pairs = np.unique(both)
    return pa.table(
        [
            creatives.dictionary.take(pa.array(pairs // width)),
            images.dictionary.take(pa.array(pairs % width)),
        ],
        schema=CREATIVES,
    )
