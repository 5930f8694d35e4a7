"""The prediction log: every answered request with its features, score, version, time and id."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

import fsspec
import pyarrow as pa

from adclick.opaque import Opaque
from adclick.schema import Schema

REQUEST = "_request"
CANDIDATE = "_candidate"
TIME = "_time"
MODEL_VERSION = "_model_version"
SCORE = "_score"
GOLDEN = "golden-"


class PredictionLogWriter:
    """Appends predictions as JSON lines to a file of this process's own, a folder a day.

    A line is with the operating system when `append` returns, so that a killed server loses
    nothing that it answered.
    """

    def __init__(self, root: str | Path) -> None:
        self._root = Path(root)
        self._day = ""
        self._file: TextIO | None = None

    def append(
        self,
        request_id: str,
        model_version: str,
        rows: Sequence[Mapping[str, Any]],
        scores: Sequence[float],
    ) -> None:
        """Log one answered request: `rows[i]` (features by name) was given `scores[i]`."""
        now = datetime.now(UTC)
        file = self._file_of(f"{now:%Y-%m-%d}")
        file.writelines(
            json.dumps(
                {
                    REQUEST: request_id,
                    CANDIDATE: candidate,
                    TIME: now.isoformat(),
                    MODEL_VERSION: model_version,
                    SCORE: score,
                    "features": dict(row),
                }
            )
            + "\n"
            for candidate, (row, score) in enumerate(zip(rows, scores, strict=True))
        )
        file.flush()

    def _file_of(self, day: str) -> TextIO:
        if self._file is None or day != self._day:
            if self._file is not None:
                self._file.close()
            folder = self._root / f"day={day}"
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f"{os.getpid()}-{datetime.now(UTC):%H%M%S%f}.jsonl"
            self._file, self._day = path.open("a", encoding="utf-8"), day
        return self._file


@dataclass(frozen=True)
class LoggedPredictions(Opaque):
    """What a prediction log holds of one model version: each candidate once, and the repeats."""

    table: pa.Table
    repeats: int


def read_predictions(root: str | Path, schema: Schema, model_version: str) -> LoggedPredictions:
    """The predictions of `model_version` below `root`, ordered by request and candidate.

    `root` is a folder or any fsspec URL, such as a bucket's.
    Golden requests, which a deployment checks itself with, are left out. The table has the schema's
    feature columns (text and float64) beside `_request`, `_candidate` and `_score`. A request that
    was answered more than once counts once, as first answered.
    """
    first: dict[tuple[str, int], dict[str, Any]] = {}
    repeats = 0
    for record in _records(str(root)):
        if record[MODEL_VERSION] != model_version or record[REQUEST].startswith(GOLDEN):
            continue
        key = (record[REQUEST], record[CANDIDATE])
        known = first.get(key)
        repeats += known is not None
        if known is None or record[TIME] < known[TIME]:
            first[key] = record
    ordered = [first[key] for key in sorted(first)]
    table = prediction_table([record["features"] for record in ordered], schema)
    for name, kind in ((REQUEST, pa.string()), (CANDIDATE, pa.int32()), (SCORE, pa.float64())):
        table = table.append_column(name, pa.array([record[name] for record in ordered], kind))
    return LoggedPredictions(table, repeats)


def prediction_table(rows: Sequence[Mapping[str, Any]], schema: Schema) -> pa.Table:
    """Requests' features as columns: numeric ones float64, all others text."""
    columns: dict[str, pa.Array] = {}
    for name in schema.features:
        values = [row.get(name) for row in rows]
        if name in schema.numeric:
            columns[name] = pa.array(values, pa.float64())
        else:
            columns[name] = pa.array([v if v is None else str(v) for v in values], pa.string())
    return pa.table(columns)


def _records(root: str) -> Iterator[dict[str, Any]]:
    filesystem, base = fsspec.core.url_to_fs(root)
    for path in sorted(filesystem.glob(f"{base}/day=*/*.jsonl")):
        with filesystem.open(path, "rt", encoding="utf-8") as lines:
            # a line without its end is one that a killed server was still writing
            yield from (json.loads(line) for line in lines if line.endswith("\n"))
