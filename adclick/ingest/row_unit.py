"""A unit of rows, read, checked and written: a pure function, for threads and clusters alike."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import numpy as np
import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from adclick.arrays import Array
from adclick.ingest.bad_rows import malformed_rows, rejected_rows
from adclick.ingest.parts import NO_MONTH, Part, PartWriter, part_schema
from adclick.ingest.reading import UnitReader
from adclick.ingest.rows import Rows
from adclick.ingest.storage import made_once
from adclick.ingest.units import RowUnit
from adclick.ingest.validation import Checked, check_rows
from adclick.schema import Schema

DONE_FILE = "done.json"


class RowTask(BaseModel):
    """A unit to ingest into the store at `root`, where `folder` is its own place."""

    model_config = ConfigDict(frozen=True)

    root: str
    folder: str
    ad_schema: Schema
    unit: RowUnit


class RowsDone(BaseModel):
    """What came of a unit: where its rows really began and ended, its lines, and its parts."""

    model_config = ConfigDict(frozen=True)

    begin: int
    end: int
    lines: int
    parts: tuple[Part, ...]

    @property
    def rows(self) -> int:
        """Rows read."""
        return sum(part.rows_kept + part.rows_bad for part in self.parts)


def ingest_rows(task: RowTask) -> RowsDone:
    """Read, check and write a unit's rows, unless that was done before.

    The files depend on nothing but the task, and the document that says so comes last: done twice,
    or again after a kill, the store is the same.
    """
    done_file = f"{task.root}/{task.folder}/{DONE_FILE}"
    return made_once(done_file, RowsDone, lambda: _read(task))


def _read(task: RowTask) -> RowsDone:
    reader = UnitReader(task.unit, wanted_columns(task.ad_schema), coded_columns(task.ad_schema))
    with _Months(task) as months:
        for rows in reader:
            _add(rows, task, months)
        parts = months.finish()
    return RowsDone(begin=reader.begin, end=reader.end, lines=reader.lines, parts=parts)


def wanted_columns(schema: Schema) -> tuple[str, ...]:
    """The columns whose cells are read."""
    return tuple(name for name, column in schema.columns.items() if column.role != "ignored")


def coded_columns(schema: Schema) -> frozenset[str]:
    """The columns of few distinct cells, each of which is looked at once."""
    outcomes = (schema.named(role) for role in ("image", "label", "impressions", "clicks"))
    return frozenset(schema.text_columns).union(*outcomes)


class _Months(ExitStack):
    """The writers of a unit's months, each begun with its first row."""

    def __init__(self, task: RowTask) -> None:
        super().__init__()
        self._task = task
        self._writers: dict[str, PartWriter] = {}

    def writer(self, month: str) -> PartWriter:
        if month not in self._writers:
            folder = f"{self._task.folder}/{month or 'no-month'}"
            writer = PartWriter(self._task.root, folder, month, self._task.ad_schema)
            self._writers[month] = self.enter_context(writer)
        return self._writers[month]

    def finish(self) -> tuple[Part, ...]:
        return tuple(self._writers[month].finish() for month in sorted(self._writers))


def _add(rows: Rows, task: RowTask, months: _Months) -> None:
    file_month = task.unit.file.month
    if rows.malformed:
        months.writer(file_month or NO_MONTH).quarantine(malformed_rows(rows))
    if not rows.cells.num_rows:
        return
    checked = check_rows(rows, file_month, task.ad_schema)
    for month, here in _by_month(checked, file_month, task.ad_schema):
        writer = months.writer(month)
        good = here & (checked.codes == 0)
        if good.any():
            _keep(rows, checked, good, task, writer)
        bad = here & (checked.codes != 0)
        if bad.any():
            writer.quarantine(rejected_rows(rows, checked.codes, checked.problems, bad))


def _by_month(
    checked: Checked, file_month: str | None, schema: Schema
) -> Iterator[tuple[str, Array]]:
    """Months, and which rows are theirs (n,): of the file, or of each row's own time."""
    if file_month is not None:
        yield file_month, np.ones(len(checked.codes), bool)
        return
    times = checked.rows.column(schema.time).to_numpy()
    months = times.astype("datetime64[M]")
    for month in np.unique(months):
        if np.isnat(month):
            yield NO_MONTH, np.isnat(months)
        else:
            yield str(month), months == month


def _keep(rows: Rows, checked: Checked, good: Array, task: RowTask, writer: PartWriter) -> None:
    beside = (checked.id_hashes, rows.lines, rows.starts, rows.sizes)
    table = pa.table(
        [*checked.rows.columns, *map(pa.array, beside)], schema=part_schema(task.ad_schema)
    )
    images, everything = checked.images, bool(good.all())
    if not everything:
        chosen = pa.array(good)
        table = table.filter(chosen)
        images = images.filter(chosen) if images is not None else None
    filled = {
        name: int(np.count_nonzero(mask if everything else mask & good))
        for name, mask in checked.filled.items()
    }
    writer.keep(table.combine_chunks(), filled, images)
