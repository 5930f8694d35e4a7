"""A month's units put together: what has no score, by file and line, and the counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import fsspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from adclick.ingest.month_unit import QUARANTINE
from adclick.ingest.storage import write_document, written
from adclick.scoring.scores import ScoredMonth
from adclick.scoring.unit import ScoreTask, UnitDone

UNSCORED_FILE, MONTH_FILE = "unscored.parquet", "month.json"


@dataclass(frozen=True)
class ScoredUnit:
    """A unit's task and what came of it; `file` and `lines_before` are where its lines count."""

    task: ScoreTask
    done: UnitDone
    file: str
    lines_before: int


def finish_month(
    root: str, folder: str, month: str | None, units: Sequence[ScoredUnit], embedded: int
) -> ScoredMonth:
    """Write what the month's units leave without a score, and its manifest; remove all else.

    Raises RuntimeError when the files of scores do not have as many rows as were counted.
    """
    with_scores = [unit for unit in units if unit.done.scored]
    unscored = [unit for unit in units if unit.done.unscored]
    reasons: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    for unit in units:
        reasons.update(unit.done.reasons)
        kinds.update(unit.done.creatives)
    if unscored:
        _write_unscored(f"{root}/{folder}/{UNSCORED_FILE}", unscored)
    scored = sum(_rows_in(unit.task.scores_file) for unit in with_scores)
    made = ScoredMonth(
        month=month,
        folder=folder,
        files=tuple(f"{folder}/scores/{unit.task.place}.parquet" for unit in with_scores),
        unscored=f"{folder}/{UNSCORED_FILE}" if unscored else None,
        rows_in=sum(unit.done.rows for unit in units),
        rows_scored=scored,
        rows_unscored=reasons.total(),
        reasons=dict(sorted(reasons.items(), key=lambda item: (-item[1], item[0]))),
        creatives=dict(sorted(kinds.items())),
        images_embedded=embedded,
    )
    if made.rows_in != made.rows_scored + made.rows_unscored:
        raise RuntimeError(
            f"{root}/{folder}: {made.rows_in:,} rows were read, {made.rows_scored:,} have a score "
            f"and {made.rows_unscored:,} a reason: remove the folder and score again"
        )
    _remove_strays(root, made, units)
    write_document(f"{root}/{folder}/{MONTH_FILE}", made)
    return made


def _rows_in(uri: str) -> int:
    with fsspec.open(uri, "rb") as file:
        return int(pq.ParquetFile(file).metadata.num_rows)


def _write_unscored(uri: str, units: Sequence[ScoredUnit]) -> None:
    with written(uri) as file, pq.ParquetWriter(file, QUARANTINE, compression="zstd") as writer:
        for unit in units:
            with fsspec.open(unit.task.unscored_file, "rb") as stream:
                rows = pq.ParquetFile(stream).read().sort_by("line")
            # people count lines from 1
            line = pc.add(rows.column("line"), unit.lines_before + 1)
            name = pa.array([unit.file] * rows.num_rows, pa.string())
            rows = rows.set_column(0, "line", line).add_column(0, "file", name)
            writer.write_table(rows.cast(QUARANTINE))


def _remove_strays(root: str, month: ScoredMonth, units: Sequence[ScoredUnit]) -> None:
    """Remove what units left that were begun within a row, or before a kill."""
    filesystem, base = fsspec.core.url_to_fs(f"{root}/{month.folder}")
    kept = {f"scores/{name.rpartition('/')[2]}" for name in month.files}
    for unit in units:
        kept.add(f"units/{unit.task.place}.json")
        if unit.done.unscored:
            kept.add(f"units/{unit.task.place}.parquet")
    for part in ("scores", "units"):
        for path in filesystem.find(f"{base}/{part}"):
            if path.removeprefix(f"{base}/") not in kept:
                filesystem.rm_file(path)
