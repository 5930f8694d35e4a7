from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from adclick.prediction_log import (
    CANDIDATE,
    REQUEST,
    SCORE,
    PredictionLogWriter,
    read_predictions,
)
from adclick.prediction_log.sample import sample_requests
from adclick.records.reading import EVERY_DAY, Days
from tests.logs import COLUMNS, IMAGES, schema_of
from tests.records import by_column
from tests.servers import wait_until

SCHEMA = schema_of({**COLUMNS, "ad": IMAGES["ad"]})


def row(**changes: Any) -> dict[str, Any]:
    return {"time": "2024-01-01T05:00:00", "ad": "a", "site": "news", "bid": 1.5, **changes}


def log(root: Path, *answers: tuple[str, str, list[dict[str, Any]], list[float]]) -> None:
    """A prediction log as one process writes it from beginning to end."""
    writer = PredictionLogWriter(root)
    for answer in answers:
        request_id, version, rows, scores = answer
        writer.append(request_id, version, by_column(rows), scores)
    writer.close()


def test_what_is_logged_is_read_back(tmp_path: Path) -> None:
    rows = [row(site="é\n\u2028"), row(ad=None)]
    log(tmp_path, ("r2", "v1", rows, [0.25, 0.5]), ("r1", "v1", [row(site=7)], [0.125]))
    logged = read_predictions(tmp_path, SCHEMA, "v1")
    assert logged.repeats == 0
    assert logged.table.select([REQUEST, CANDIDATE, SCORE, "site", "ad", "bid"]).to_pylist() == [
        {REQUEST: "r1", CANDIDATE: 0, SCORE: 0.125, "site": "7", "ad": "a", "bid": 1.5},
        {REQUEST: "r2", CANDIDATE: 0, SCORE: 0.25, "site": "é\n\u2028", "ad": "a", "bid": 1.5},
        {REQUEST: "r2", CANDIDATE: 1, SCORE: 0.5, "site": "news", "ad": None, "bid": 1.5},
    ]


def test_only_the_version_asked_for_is_read(tmp_path: Path) -> None:
    log(tmp_path, ("r1", "v1", [row()], [0.1]), ("r1", "v2", [row()], [0.2]))
    assert read_predictions(tmp_path, SCHEMA, "v2").table[SCORE].to_pylist() == [0.2]
    assert read_predictions(tmp_path, SCHEMA, "v3").table.num_rows == 0


@pytest.mark.parametrize("request_id", ["golden-1", "replayed-1"])
def test_what_we_asked_ourselves_is_left_out(tmp_path: Path, request_id: str) -> None:
    log(tmp_path, (request_id, "v1", [row()], [0.1]))
    assert read_predictions(tmp_path, SCHEMA, "v1").table.num_rows == 0
    assert sample_requests(str(tmp_path), SCHEMA, EVERY_DAY, 10) == ()


def test_a_sample_has_what_was_sent_of_all_versions_and_days(tmp_path: Path) -> None:
    rows = [row(site=f"s{number}", ad=None) for number in range(50)]
    log(tmp_path, ("r1", "v1", rows[:20], [0.1] * 20))
    log(tmp_path, ("r2", "v2", rows[20:], [0.1] * 30))
    every = sample_requests(str(tmp_path), SCHEMA, EVERY_DAY, 100)
    sent = [{name: value for name, value in one.items() if value is not None} for one in rows]
    assert sorted(every, key=rows_by_site) == sorted(sent, key=rows_by_site)
    few = sample_requests(str(tmp_path), SCHEMA, EVERY_DAY, 10)
    assert len({one["site"] for one in few}) == 10
    assert few == sample_requests(str(tmp_path), SCHEMA, EVERY_DAY, 10)
    assert sample_requests(str(tmp_path), SCHEMA, Days(until=date(2000, 1, 1)), 10) == ()


def rows_by_site(one: Mapping[str, Any]) -> str:
    return str(one["site"])


def test_a_repeated_request_counts_once_as_first_answered(tmp_path: Path) -> None:
    for score in (0.1, 0.2):
        log(tmp_path, ("r1", "v1", [row()], [score]))
    logged = read_predictions(tmp_path, SCHEMA, "v1")
    assert (logged.repeats, logged.table[SCORE].to_pylist()) == (1, [0.1])


def test_what_is_not_closed_yet_is_read_all_the_same(tmp_path: Path) -> None:
    writer = PredictionLogWriter(tmp_path)
    writer.append("r1", "v1", by_column([row()]), [0.1])
    wait_until(lambda: read_predictions(tmp_path, SCHEMA, "v1").table.num_rows == 1, "its row")
    assert not list(tmp_path.glob("day=*"))
    writer.close()
    assert len(list(tmp_path.glob("day=*/*.parquet"))) == 1
    assert read_predictions(tmp_path, SCHEMA, "v1").table.num_rows == 1


def test_columns_of_another_versions_schema_do_no_harm(tmp_path: Path) -> None:
    rows = [row(bid="high", other=1), row(site=7)]
    log(tmp_path, ("r1", "v0", rows[:1], [0.1]), ("r2", "v1", rows[1:], [0.2]))
    logged = read_predictions(tmp_path, SCHEMA, "v1")
    assert logged.table.select(["site", "bid"]).to_pylist() == [{"site": "7", "bid": 1.5}]


def test_as_many_scores_as_rows_are_needed(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="2 values for 1 scores"):
        PredictionLogWriter(tmp_path).append("r1", "v1", by_column([row(), row()]), [0.1])


def test_no_log_yet_holds_nothing(tmp_path: Path) -> None:
    logged = read_predictions(tmp_path / "none", SCHEMA, "v1")
    assert (logged.table.num_rows, logged.repeats) == (0, 0)
    assert set(SCHEMA.features) < set(logged.table.column_names)
