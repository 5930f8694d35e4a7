"""Ingestion: a source's files become an ad log; every row in is kept or quarantined."""

from __future__ import annotations

import csv
import hashlib
import io
import os
from contextlib import ExitStack

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from adclick.adlog import AdLog, SourceFile
from adclick.arrays import Array
from adclick.errors import AdclickError
from adclick.ingest.creatives import CreativeWriter
from adclick.ingest.months import QUARANTINE, MonthWriter
from adclick.ingest.reading import Chunk, columns_of, read_chunks
from adclick.ingest.sources import Source
from adclick.ingest.validation import Checked, check_rows
from adclick.schema import Schema

LOG_FILE = "log.json"
FORMAT = 1  # raise it when the same source would be written otherwise


def ingest(source: Source, schema: Schema, destination: str) -> AdLog:
    """The ad log of a source, in a folder of `destination` (path or fsspec URL) named by content.

    A source that was ingested before is not read again. The log's own file appears last and at
    once, so a folder that a killed run left behind counts for nothing and is written anew.
    Raises AdclickError when a month is empty or has more bad rows than the schema allows.
    """
    root = f"{destination}/{schema.name}-{_fingerprint(source, schema)}"
    filesystem, base = fsspec.core.url_to_fs(root)
    if filesystem.exists(f"{base}/{LOG_FILE}"):
        return AdLog.model_validate_json(filesystem.cat_file(f"{base}/{LOG_FILE}"))
    filesystem.makedirs(f"{base}/creatives", exist_ok=True)
    log = _Ingestion(root, schema).run(source)
    written = f"{base}/{LOG_FILE}.partial"
    filesystem.pipe_file(written, log.model_dump_json(indent=2).encode())
    filesystem.mv(written, f"{base}/{LOG_FILE}")
    return log


def _fingerprint(source: Source, schema: Schema) -> str:
    content = f"{FORMAT}" + source.model_dump_json() + schema.model_dump_json()
    return hashlib.sha256(content.encode()).hexdigest()[:12]


class _Ingestion:
    def __init__(self, root: str, schema: Schema) -> None:
        self._root, self._schema = root, schema
        self._months: dict[str, MonthWriter] = {}
        self._creatives: CreativeWriter | None = None

    def run(self, source: Source) -> AdLog:
        with ExitStack() as stack:
            if self._schema.image_shape:
                threads = os.cpu_count() or 1
                writer = CreativeWriter(self._root, self._schema.image_shape, threads)
                self._creatives = stack.enter_context(writer)
            for file in source.files:
                if file.month is not None:
                    self._writer(file.month)
                for chunk in read_chunks(file, self._schema):
                    self._add(chunk)
            creatives = self._creatives.finish() if self._creatives else None
        if not self._months:
            raise AdclickError(f"no row below the headers of the files in {source.uri}")
        months = tuple(self._months[name].finish() for name in sorted(self._months))
        return AdLog(
            root=self._root,
            ad_schema=self._schema,
            sources=source.files,
            months=months,
            creative_files=creatives,
            undeclared_columns=self._undeclared(source.files),
        )

    def _undeclared(self, files: tuple[SourceFile, ...]) -> tuple[str, ...]:
        names = {name for file in files for name in columns_of(file)}
        return tuple(sorted(names - self._schema.columns.keys()))

    def _add(self, chunk: Chunk) -> None:
        if chunk.cells.num_rows:
            checked = check_rows(chunk, self._schema)
            self._check_creatives(chunk, checked)
            self._split_by_month(chunk, checked)
        if chunk.malformed:
            self._writer(chunk.file.month or self._last_month(chunk)).quarantine(
                pa.Table.from_pylist(
                    [
                        {"file": chunk.file.uri, "row": m.row, "reason": m.reason, "text": m.text}
                        for m in chunk.malformed
                    ],
                    QUARANTINE,
                )
            )

    def _last_month(self, chunk: Chunk) -> str:
        if not self._months:
            raise AdclickError(f"{chunk.file.uri}: no row has as many cells as the header")
        return max(self._months)

    def _writer(self, month: str) -> MonthWriter:
        if month not in self._months:
            self._months[month] = MonthWriter(self._root, month, self._schema)
        return self._months[month]

    def _check_creatives(self, chunk: Chunk, checked: Checked) -> None:
        if self._creatives is None or self._schema.creative is None:
            return
        creatives = np.asarray(checked.rows.column(self._schema.creative).to_pylist(), object)
        trimmed = pc.utf8_trim_whitespace(chunk.cells.column(self._schema.image))
        paths = np.asarray(trimmed.to_pylist(), object)
        good = checked.reasons == ""
        pairs = set(zip(creatives[good].tolist(), paths[good].tolist(), strict=True))
        problems = self._creatives.problems(chunk.file, pairs)
        for creative, problem in problems.items():
            bad = good & (creatives == creative)
            checked.reasons[bad] = f"{self._schema.image}: {problem}"

    def _split_by_month(self, chunk: Chunk, checked: Checked) -> None:
        months = checked.months.copy()
        if chunk.file.month is not None:
            months[:] = chunk.file.month
        else:
            # a row without a readable time stands with the first month of its neighbours
            known = months[months != "NaT"]
            if not len(known):
                raise AdclickError(f"{chunk.file.uri}: no row has a readable {self._schema.time}")
            months[months == "NaT"] = min(known)
        for month in np.unique(months):
            self._write(self._writer(month), chunk, checked, months == month)

    def _write(self, writer: MonthWriter, chunk: Chunk, checked: Checked, here: Array) -> None:
        good = here & (checked.reasons == "")
        positions = np.flatnonzero(good)
        repeated = writer.repeated(checked.rows.column(self._schema.id).take(pa.array(positions)))
        checked.reasons[positions[repeated]] = f"{self._schema.id}: already used in this month"
        positions = positions[~repeated]
        if len(positions):
            filled = {name: int(mask[positions].sum()) for name, mask in checked.filled.items()}
            writer.keep(checked.rows.take(pa.array(positions)), filled)
        bad = np.flatnonzero(here & (checked.reasons != ""))
        if len(bad):
            writer.quarantine(_quarantined(chunk, checked, bad))


def _quarantined(chunk: Chunk, checked: Checked, bad: Array) -> pa.Table:
    cells = chunk.cells.take(pa.array(bad))
    return pa.table(
        {
            "file": pa.array([chunk.file.uri] * len(bad), pa.string()),
            "row": pa.array(chunk.rows[bad], pa.int64()),
            "reason": pa.array(checked.reasons[bad], pa.string()),
            "text": [_as_csv(row) for row in cells.to_pylist()],
        },
        schema=QUARANTINE,
    )


def _as_csv(row: dict[str, str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(row.values())
    return line.getvalue()
