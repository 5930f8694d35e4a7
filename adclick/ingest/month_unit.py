"""A month put together from its parts: what is left out of it, its quarantine, its counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict

from adclick.adlog import CLICKS, DROPPED, IMPRESSIONS, Month
from adclick.arrays import Array
from adclick.errors import AdclickError
from adclick.ingest.again import Again, read_again
from adclick.ingest.duplicates import find_repeated, find_suspects
from adclick.ingest.parts import (
    BAD_FILE,
    CREATIVES_FILE,
    ROWS_FILE,
    Part,
    count_reasons,
    read_part,
)
from adclick.ingest.storage import made_once, written
from adclick.ingest.units import RowUnit
from adclick.schema import Schema

MONTH_FILE, QUARANTINE_FILE, DROPPED_FILE = "month.json", "quarantine.parquet", "dropped.parquet"
QUARANTINE = pa.schema(
    [
        ("file", pa.string()),
        ("line", pa.int64()),
        ("column", pa.string()),
        ("reason", pa.string()),
        ("text", pa.string()),
    ]
)


class PlacedPart(BaseModel):
    """A part, the unit that it comes of, and the line of the file that the unit begins after."""

    model_config = ConfigDict(frozen=True)

    part: Part
    unit: RowUnit
    lines_before: int


class MonthTask(BaseModel):
    """A month to put together in `folder` of the store at `root`.

    `problems` are the creatives whose image in this month cannot be used, and why.
    """

    model_config = ConfigDict(frozen=True)

    root: str
    folder: str
    month: str
    ad_schema: Schema
    parts: tuple[PlacedPart, ...]
    problems: dict[str, str]


@dataclass(frozen=True)
class _Dropped:
    """Rows of one part that are left out: positions, columns, reasons, and what they counted."""

    rows: Array
    columns: tuple[str, ...]
    reasons: tuple[str, ...]
    lines: Array
    texts: tuple[str, ...]
    impressions: int
    clicks: int
    first: datetime | None
    last: datetime | None
    defaults: Counter[str]


def ingest_month(task: MonthTask) -> Month:
    """Find the month's rows to leave out, write its quarantine and count, unless that was done.

    Raises AdclickError for a month without a good row, or with more bad ones than the schema
    allows; its quarantine is written by then.
    """
    done_file = f"{task.root}/{task.folder}/{MONTH_FILE}"
    return made_once(done_file, Month, lambda: _put_together(task))


def _put_together(task: MonthTask) -> Month:
    dropped = _find_dropped(task)
    reasons = _write_quarantine(task, dropped)
    if any(len(out.rows) for out in dropped):
        _write_dropped(task, dropped)
    return _counted(task, dropped, reasons)


def _check_share(task: MonthTask, kept: int, reasons: Counter[str]) -> None:
    """Raise AdclickError for a month without a good row, or with too many bad ones."""
    bad = reasons.total()
    top = ", ".join(f"{reason} ({count:,})" for reason, count in reasons.most_common(3))
    where = f"{task.root}/{task.folder}/{QUARANTINE_FILE}"
    told = f"; most often {top}; all are in {where}" if top else ""
    if not kept:
        raise AdclickError(f"month {task.month} is empty: no good row{told}")
    limit = task.ad_schema.max_bad_share
    if bad / (kept + bad) > limit:
        raise AdclickError(
            f"month {task.month}: {bad / (kept + bad):.1%} of {kept + bad:,} rows are bad, more "
            f"than max_bad_share {limit:.1%}{told}"
        )


def _find_dropped(task: MonthTask) -> list[_Dropped]:
    parts = [placed.part for placed in task.parts]
    without_image = [_rows_without_image(task, part) for part in parts]
    left_out = [np.array(sorted(rows), np.int64) for rows in without_image]
    suspects = find_suspects(task.root, parts, task.ad_schema, left_out)
    again = [
        read_again(task.root, placed.part, placed.unit, task.ad_schema, np.union1d(out, suspected))
        for placed, out, suspected in zip(task.parts, left_out, suspects, strict=True)
    ]
    found = without_image
    for repeated in find_repeated(suspects, again, task.ad_schema):
        found[repeated.part][repeated.row] = (task.ad_schema.id, repeated.reason)
    return [
        _described(task, part, read, rows)
        for part, read, rows in zip(parts, again, found, strict=True)
    ]


def _rows_without_image(task: MonthTask, part: Part) -> dict[int, tuple[str, str]]:
    """The part's rows whose creative has no image that can be used: column and reason by row."""
    schema = task.ad_schema
    if not task.problems or not part.creatives or not schema.creative or not schema.image:
        return {}
    problems = pa.array(sorted(task.problems))
    shown = read_part(task.root, part, CREATIVES_FILE, ["creative"]).column("creative")
    if not pc.any(pc.is_in(shown, value_set=problems)).as_py():
        return {}
    creatives = read_part(task.root, part, ROWS_FILE, [schema.creative]).column(0)
    rows = np.flatnonzero(pc.is_in(creatives, value_set=problems).to_numpy())
    names = creatives.take(pa.array(rows)).to_pylist()
    return {
        row: (schema.image, task.problems[name])
        for row, name in zip(rows.tolist(), names, strict=True)
    }


def _described(
    task: MonthTask, part: Part, again: Again | None, found: dict[int, tuple[str, str]]
) -> _Dropped:
    if again is None or not found:
        nothing = np.empty(0, np.int64)
        return _Dropped(nothing, (), (), nothing, (), 0, 0, part.first, part.last, Counter())
    rows = np.array(sorted(found), np.int64)
    chosen = np.searchsorted(again.rows, rows)
    out = again.checked.rows.take(pa.array(chosen))
    first, last = _span_without(task, part, rows, out.column(task.ad_schema.time))
    columns, reasons = zip(*(found[row] for row in rows.tolist()), strict=True)
    filled = {name: int(mask[chosen].sum()) for name, mask in again.checked.filled.items()}
    return _Dropped(
        rows=rows,
        columns=columns,
        reasons=reasons,
        lines=again.lines[chosen],
        texts=tuple(again.texts[row] for row in chosen.tolist()),
        impressions=pc.sum(out.column(IMPRESSIONS)).as_py(),
        clicks=pc.sum(out.column(CLICKS)).as_py(),
        first=first,
        last=last,
        defaults=Counter(filled),
    )


def _span_without(
    task: MonthTask, part: Part, rows: Array, times: pa.ChunkedArray
) -> tuple[datetime | None, datetime | None]:
    """The first and the last time in the part without these rows, which are at these times."""
    out = pc.min_max(times).as_py()
    if out["min"] != part.first and out["max"] != part.last:
        return part.first, part.last
    every = read_part(task.root, part, ROWS_FILE, [task.ad_schema.time]).column(0)
    kept = np.delete(np.arange(part.rows_kept), rows)
    span = pc.min_max(every.take(pa.array(kept))).as_py()
    return span["min"], span["max"]


def _write_quarantine(task: MonthTask, dropped: Sequence[_Dropped]) -> Counter[str]:
    """Write the month's bad rows in the order of files and lines; returns how often each reason."""
    reasons: Counter[str] = Counter()
    uri = f"{task.root}/{task.folder}/{QUARANTINE_FILE}"
    with written(uri) as file, pq.ParquetWriter(file, QUARANTINE, compression="zstd") as writer:
        for placed, out in zip(task.parts, dropped, strict=True):
            rows = _quarantined(task, placed, out)
            if rows.num_rows:
                writer.write_table(rows)
                reasons.update(count_reasons(rows))
    return reasons


def _quarantined(task: MonthTask, placed: PlacedPart, out: _Dropped) -> pa.Table:
    late = pa.table(
        [
            pa.array(out.lines, pa.int64()),
            pa.array(out.columns, pa.string()),
            pa.array(out.reasons, pa.string()),
            pa.array(out.texts, pa.string()),
        ],
        names=QUARANTINE.names[1:],
    )
    early = [read_part(task.root, placed.part, BAD_FILE)] if placed.part.rows_bad else []
    rows = pa.concat_tables([*early, late]).sort_by("line")
    # people count lines from 1
    line = pc.add(rows.column("line"), placed.lines_before + 1)
    uri = pa.array([placed.unit.file.uri] * rows.num_rows, pa.string())
    return rows.set_column(0, "line", line).add_column(0, "file", uri).cast(QUARANTINE)


def _write_dropped(task: MonthTask, dropped: Sequence[_Dropped]) -> None:
    """Write which rows of the parts are no part of the month; parts are not written anew."""
    with_rows = [
        out for placed, out in zip(task.parts, dropped, strict=True) if placed.part.rows_kept
    ]
    files = [np.full(len(out.rows), number) for number, out in enumerate(with_rows)]
    rows = [out.rows for out in with_rows]
    nothing = np.empty(0, np.int64)
    table = pa.table(
        [np.concatenate([nothing, *files]), np.concatenate([nothing, *rows])], names=DROPPED.names
    ).cast(DROPPED)
    with written(f"{task.root}/{task.folder}/{DROPPED_FILE}") as file:
        pq.write_table(table, file, compression="zstd")


def _counted(task: MonthTask, dropped: Sequence[_Dropped], reasons: Counter[str]) -> Month:
    parts = [placed.part for placed in task.parts]
    defaults = Counter[str]()
    for part, out in zip(parts, dropped, strict=True):
        defaults.update(part.defaults)
        defaults.subtract(out.defaults)
    left_out = sum(len(out.rows) for out in dropped)
    kept = sum(part.rows_kept for part in parts) - left_out
    _check_share(task, kept, reasons)
    declared = task.ad_schema.columns.keys()
    return Month(
        month=task.month,
        files=tuple(f"{part.folder}/{ROWS_FILE}" for part in parts if part.rows_kept),
        dropped=f"{task.folder}/{DROPPED_FILE}" if left_out else None,
        quarantine=f"{task.folder}/{QUARANTINE_FILE}",
        rows_kept=kept,
        rows_quarantined=reasons.total(),
        reasons=dict(sorted(reasons.items(), key=lambda item: (-item[1], item[0]))),
        defaults={name: count for name, count in sorted(defaults.items()) if count},
        impressions=sum(p.impressions for p in parts) - sum(out.impressions for out in dropped),
        clicks=sum(part.clicks for part in parts) - sum(out.clicks for out in dropped),
        first=min(out.first for out in dropped if out.first),
        last=max(out.last for out in dropped if out.last),
        undeclared_columns=tuple(
            sorted({name for placed in task.parts for name in placed.unit.names} - declared)
        ),
    )
