"""Writes joined predictions as the data folder of months that ingestion reads."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from adclick.adlog import CreativeTable
from adclick.arrays import Array
from adclick.errors import AdclickError
from adclick.feedback.images import ImageFolder
from adclick.feedback.join import Joined
from adclick.ingest.hashes import LONGEST_ID
from adclick.ingest.storage import written
from adclick.prediction_log.names import CANDIDATE, CLICKED, REQUEST
from adclick.schema import MONTH_PLACEHOLDER, Schema
from adclick.times import parse_times

FILE = "joined"
NO_CREATIVE, NO_IMAGE = "no creative", "no image of the creative"
MAX_SUFFIX = 4  # of a candidate's number behind the request's id

type Writer = pa.csv.CSVWriter | pq.ParquetWriter


def write_months(
    parts: Iterable[Joined], schema: Schema, creatives: CreativeTable | None, folder: str
) -> Mapping[str, int]:
    """Write labelled candidates to `folder` (path or URL), laid out as the schema's `rows` says.

    Their impressions have the id REQUEST-CANDIDATE, and belong to the month of the schema's time
    column. Creatives get their images from those of an ad log. Returns how many candidates could
    not be written, by reason: they name no creative, or one that `creatives` lacks. The same parts
    make the same files. Raises AdclickError for `rows` that no file can be named after.
    """
    months = _Months(schema, creatives, folder)
    with months.files:
        for part in parts:
            months.add(part.table)
    return dict(months.left_out)


class _Months:
    def __init__(self, schema: Schema, creatives: CreativeTable | None, folder: str) -> None:
        self._schema, self._root = schema, folder.rstrip("/")
        self._name = schema.rows.replace("**", FILE).replace("*", FILE)
        if set(self._name) & set("?[]"):
            raise AdclickError(
                f"rows {schema.rows!r}: a file can be named after * only, not ? or ["
            )
        self._images = None
        if schema.image is not None:
            if creatives is None:
                raise AdclickError(f"column {schema.image!r}: the ad log has no creatives")
            up = "../" * self._name.count("/")
            self._images = ImageFolder(creatives, self._root, up)
        self._writers: dict[str, Writer] = {}
        self.files = ExitStack()
        self.left_out: Counter[str] = Counter()

    def add(self, table: pa.Table) -> None:
        if self._schema.creative is not None:
            table = self._with_creative(table, self._schema.creative)
        if not table.num_rows:
            return
        texts = table[self._schema.time].combine_chunks()
        months = parse_times(texts, self._schema.time_format).astype("datetime64[M]")
        rows = self._rows(table)
        names = self._file_names(months)
        for name in np.unique(names).tolist():
            chosen = rows.filter(pa.array(names == name))
            self._writer(name, rows.schema).write_table(chosen)

    def _with_creative(self, table: pa.Table, column: str) -> pa.Table:
        ids = pc.fill_null(pc.utf8_trim_whitespace(table[column]), "").combine_chunks()
        table = table.set_column(table.schema.get_field_index(column), column, ids)
        named = pc.not_equal(ids, "")
        table = self._kept(table, named, NO_CREATIVE)
        if self._images is not None:
            paths = self._images.paths(table[column].combine_chunks())
            table = table.append_column(self._schema.image, paths)
            table = self._kept(table, pc.is_valid(paths), NO_IMAGE)
        return table

    def _kept(self, table: pa.Table, good: pa.Array, reason: str) -> pa.Table:
        kept = table.filter(good)
        if kept.num_rows < table.num_rows:
            self.left_out[reason] += table.num_rows - kept.num_rows
        return kept

    def _rows(self, table: pa.Table) -> pa.Table:
        schema = self._schema
        clicked = table[CLICKED].cast(pa.int8())
        columns = {schema.id: impression_ids(table)}
        columns |= dict.fromkeys((*schema.named("label"), *schema.named("clicks")), clicked)
        one = pa.array(np.ones(table.num_rows, np.int8))
        columns |= dict.fromkeys(schema.named("impressions"), one)
        features = [*schema.features, *schema.named("image")]
        return pa.table({**columns, **{name: table[name] for name in features}})

    def _file_names(self, months: Array) -> Array:
        return np.array([self._name.replace(MONTH_PLACEHOLDER, str(month)) for month in months])

    def _writer(self, name: str, columns: pa.Schema) -> Writer:
        if name not in self._writers:
            file = self.files.enter_context(written(f"{self._root}/{name}"))
            self._writers[name] = self.files.enter_context(_new_writer(name, file, columns))
        return self._writers[name]


def _new_writer(name: str, file: BinaryIO, columns: pa.Schema) -> Writer:
    if name.endswith(".parquet"):
        return pq.ParquetWriter(file, columns, compression="zstd")
    return pa.csv.CSVWriter(file, columns)


def impression_ids(table: pa.Table) -> pa.ChunkedArray:
    """The ids that candidates (n,) have as impressions: REQUEST-CANDIDATE, or of a hash of it."""
    requests = table[REQUEST].to_pylist()
    short = [_short(request) for request in requests]
    candidates = table[CANDIDATE].cast(pa.string())
    return pc.binary_join_element_wise(pa.array(short, pa.string()), candidates, "-")


def _short(request: str) -> str:
    if len(request) + MAX_SUFFIX <= LONGEST_ID:
        return request
    return hashlib.sha256(request.encode()).hexdigest()
