"""run.py --pipeline scoring: a log as a whole, with the scores that the API gives its rows."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from adclick.schema import load_schema
from adclick.scoring.scores import Scores
from serving.client import PredictionClient
from tests.e2e.conftest import First
from tests.e2e.runs import REPOSITORY, Place, Ran, assert_refused

pytestmark = pytest.mark.slow
SCHEMA = REPOSITORY / "configs/schemas/sample.yaml"
ASKED = 400


def data_of(place: Place) -> Path:
    """The sample's data folder."""
    (folder,) = {path.parents[1] for path in place.state.rglob("2026-01/impressions.csv")}
    return folder


def in_production(place: Place) -> str:
    """The version that serves."""
    (version,) = (name for name, stage in place.stages().items() if stage == "production")
    return version


def scores_of(ran: Ran) -> Scores:
    """The manifest of a run's scores."""
    scoring = ran.done.scoring
    assert scoring is not None
    root = Path(scoring.root)
    manifests = sorted(root.glob("runs/*.json"), key=lambda path: path.stat().st_mtime_ns)
    scores = Scores.model_validate_json(manifests[-1].read_bytes())
    assert (scores.version, scores.rows_in) == (scoring.version, scoring.rows_in)
    return scores.model_copy(update={"root": scoring.root})


def answered(place: Place, rows: list[dict[str, Any]]) -> list[float]:
    """What the server answers requests for these rows."""
    with PredictionClient(f"http://127.0.0.1:{place.port}") as client:
        return list(client.predict(rows).scores)


def test_a_months_rows_have_the_scores_of_the_api(first: First) -> None:
    place, data = first.place, data_of(first.place)
    words = ("--pipeline", "scoring", "--data", data, "--schema", SCHEMA, "--months", "2026-04")
    ran = place.run_small(*words)
    scores = scores_of(ran)
    (month,) = scores.months
    assert month.month == "2026-04" and month.creatives.keys() == {"known"}
    assert f"{scores.rows_scored:,} of {scores.rows_in:,} rows scored by" in ran.output
    found = pa.Table.from_batches(list(scores.batches())).to_pylist()
    by_id = {row["impression_id"]: row["_score"] for row in found}
    schema = load_schema(SCHEMA)
    with (data / "2026-04/impressions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert scores.rows_in == len(rows) > scores.rows_scored
    rows = [row for row in rows if row["impression_id"] in by_id][:ASKED]
    requests = [
        {name: row[name] for name in schema.features}
        | {name: float(row[name]) for name in schema.numeric}
        for row in rows
    ]
    wanted = answered(place, requests)
    assert [by_id[row["impression_id"]] for row in rows] == pytest.approx(wanted, abs=1e-6)
    again = place.run_small(*words)
    assert again.done.scoring == ran.done.scoring


def test_the_last_trainings_log_is_scored_by_a_named_version(first: First) -> None:
    place = first.place
    version = in_production(place)
    scores = scores_of(place.run_small("--pipeline", "scoring", "--version", version))
    assert [month.month for month in scores.months] == [f"2026-0{n}" for n in range(1, 5)]
    assert scores.rows_scored == scores.rows_in and scores.version == version
    files = [f"{scores.root}/{name}" for month in scores.months for name in month.files]
    assert sum(pq.ParquetFile(file).metadata.num_rows for file in files) == scores.rows_in


def test_a_version_that_is_not_there_is_refused_with_those_that_are(first: First) -> None:
    version = in_production(first.place)
    ran = first.place.run_small("--pipeline", "scoring", "--version", "2020-01.none")
    assert_refused(ran, "has no version 2020-01.none", version)


def test_a_changed_schema_is_refused(first: First, tmp_path: Path) -> None:
    changed = tmp_path / "changed.yaml"
    changed.write_text(SCHEMA.read_text().replace("max: 1000, log: true", "max: 500, log: true"))
    words = ("--data", data_of(first.place), "--schema", changed)
    assert_refused(
        first.place.run_small("--pipeline", "scoring", *words), "'frequency'", "otherwise declared"
    )
