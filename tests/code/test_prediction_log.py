from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adclick import prediction_log
from adclick.prediction_log import (
    CANDIDATE,
    REQUEST,
    SCORE,
    PredictionLogWriter,
    read_predictions,
)
from tests.logs import COLUMNS, IMAGES, schema_of

SCHEMA = schema_of({**COLUMNS, "ad": IMAGES["ad"]})


def row(**changes: Any) -> dict[str, Any]:
    return {"time": "2024-01-01T05:00:00", "ad": "a", "site": "news", "bid": 1.5, **changes}


def test_what_is_logged_is_read_back(tmp_path: Path) -> None:
    writer = PredictionLogWriter(tmp_path)
    writer.append("r2", "v1", [row(site="é\n\u2028"), row(ad=None)], [0.25, 0.5])
    writer.append("r1", "v1", [row(site=7)], [0.125])
    logged = read_predictions(tmp_path, SCHEMA, "v1")
    assert logged.repeats == 0
    assert logged.table.select([REQUEST, CANDIDATE, SCORE, "site", "ad", "bid"]).to_pylist() == [
        {REQUEST: "r1", CANDIDATE: 0, SCORE: 0.125, "site": "7", "ad": "a", "bid": 1.5},
        {REQUEST: "r2", CANDIDATE: 0, SCORE: 0.25, "site": "é\n\u2028", "ad": "a", "bid": 1.5},
        {REQUEST: "r2", CANDIDATE: 1, SCORE: 0.5, "site": "news", "ad": None, "bid": 1.5},
    ]


def test_only_the_version_asked_for_is_read(tmp_path: Path) -> None:
    writer = PredictionLogWriter(tmp_path)
    writer.append("r1", "v1", [row()], [0.1])
    writer.append("r1", "v2", [row()], [0.2])
    assert read_predictions(tmp_path, SCHEMA, "v2").table[SCORE].to_pylist() == [0.2]
    assert read_predictions(tmp_path, SCHEMA, "v3").table.num_rows == 0


def test_golden_requests_are_left_out(tmp_path: Path) -> None:
    PredictionLogWriter(tmp_path).append("golden-1", "v1", [row()], [0.1])
    assert read_predictions(tmp_path, SCHEMA, "v1").table.num_rows == 0


def test_a_repeated_request_counts_once_as_first_answered(tmp_path: Path) -> None:
    writers = [PredictionLogWriter(tmp_path) for _ in range(2)]
    for writer, score in zip(writers, (0.1, 0.2), strict=True):
        writer.append("r1", "v1", [row()], [score])
    logged = read_predictions(tmp_path, SCHEMA, "v1")
    assert (logged.repeats, logged.table[SCORE].to_pylist()) == (1, [0.1])


def test_each_writer_has_a_file_of_its_own(tmp_path: Path) -> None:
    for _ in range(3):
        PredictionLogWriter(tmp_path).append("r", "v1", [row()], [0.1])
    assert len(list(tmp_path.glob("day=*/*.jsonl"))) == 3


def test_a_line_is_with_the_system_when_append_returns(tmp_path: Path) -> None:
    writer = PredictionLogWriter(tmp_path)
    writer.append("r1", "v1", [row()], [0.1])
    (file,) = tmp_path.glob("day=*/*.jsonl")
    assert json.loads(file.read_text(encoding="utf-8"))[REQUEST] == "r1"


def test_a_line_that_a_killed_server_left_unfinished_is_not_read(tmp_path: Path) -> None:
    writer = PredictionLogWriter(tmp_path)
    writer.append("r1", "v1", [row()], [0.1])
    writer.append("r2", "v1", [row()], [0.2])
    (file,) = tmp_path.glob("day=*/*.jsonl")
    file.write_bytes(file.read_bytes()[:-5])
    assert read_predictions(tmp_path, SCHEMA, "v1").table[REQUEST].to_pylist() == ["r1"]


class Clock(datetime):
    """A clock that stands where it is put."""

    at = datetime(2024, 1, 1, 23, 59, tzinfo=UTC)

    @classmethod
    def now(cls, tz: Any = None) -> datetime:
        return cls.at


def test_a_new_day_is_a_new_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prediction_log, "datetime", Clock)
    writer = PredictionLogWriter(tmp_path)
    writer.append("r1", "v1", [row()], [0.1])
    monkeypatch.setattr(Clock, "at", datetime(2024, 1, 2, tzinfo=UTC))
    writer.append("r2", "v1", [row()], [0.2])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["day=2024-01-01", "day=2024-01-02"]
    assert read_predictions(tmp_path, SCHEMA, "v1").table.num_rows == 2


def test_as_many_scores_as_rows_are_needed(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="shorter"):
        PredictionLogWriter(tmp_path).append("r1", "v1", [row(), row()], [0.1])


def test_no_log_yet_holds_nothing(tmp_path: Path) -> None:
    logged = read_predictions(tmp_path / "none", SCHEMA, "v1")
    assert (logged.table.num_rows, logged.repeats) == (0, 0)
    assert set(SCHEMA.features) < set(logged.table.column_names)
