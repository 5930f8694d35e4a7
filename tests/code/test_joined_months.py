"""Joined predictions as months: real ingestion reads all of them, as they were answered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from adclick.adlog import CLICKS, IMPRESSIONS, AdLog, CreativeTable
from adclick.errors import AdclickError
from adclick.feedback import Feedback, FeedbackLogWriter, feedback_root
from adclick.feedback.__main__ import main
from adclick.feedback.join import join_labels
from adclick.feedback.months import write_months
from adclick.ingest.ingest import ingest
from adclick.ingest.sources import find_source
from adclick.schema import Schema
from serving.click_model import ClickModel
from tests.bundles import CREATIVES, example, tiny_bundle, tiny_schema

LONG = "x" * 128
PIXELS = np.random.default_rng(5).integers(0, 256, (3, 8, 8, 3), np.uint8)
TABLE = CreativeTable(CREATIVES, PIXELS)
ROWS = [
    example(),
    example(creative=" ad-2 ", site='He said "so", é\n\u2028x', device=None, price=None),
    example(creative="ad-3", site=1005, age=7, shown_at="2024-06-01T01:00:00+02:00"),
    example(creative="unseen"),
    example(creative=None),
    example(),
]


def schema_of(rows: str, images: bool = True) -> Schema:
    return tiny_schema(images).model_copy(update={"rows": rows})


def answered(folder: Path, rows: list[dict[str, Any]], images: bool = True) -> Path:
    """The log of a model that answered `rows`, whose candidates 0 and 5 were clicked."""
    bundle = tiny_bundle(folder / "bundle", images=images)
    model = ClickModel(str(bundle.path), str(folder / "log"))
    model.load()
    for request in ("r1", LONG):
        model.predict({"jsonData": rows, "meta": {"puid": request}})
    model.close()
    feedback = FeedbackLogWriter(feedback_root(folder / "log"))
    feedback.append([Feedback(LONG, candidate, True) for candidate in (0, 5)])
    feedback.close()
    return folder / "log"


def ingested(
    log: Path, schema: Schema, out: Path, creatives: CreativeTable | None
) -> tuple[AdLog, dict[str, int]]:
    now = datetime.now(UTC) + timedelta(days=2)
    parts = join_labels(log, schema, window=timedelta(days=1), now=now)
    left_out = write_months(parts, schema, creatives, str(out))
    return ingest(find_source(str(out), schema), schema, str(out.parent / "store")), dict(left_out)


@pytest.mark.parametrize(
    "rows", ["{month}/impressions.csv", "{month}/*.parquet", "all/{month}-*.csv", "train.csv"]
)
def test_ingestion_takes_every_row_with_its_label_and_features(tmp_path: Path, rows: str) -> None:
    schema = schema_of(rows)
    log, left_out = ingested(answered(tmp_path, ROWS), schema, tmp_path / "joined", TABLE)
    assert [month.rows_quarantined for month in log.months] == [0] * len(log.months)
    assert log.month_names == ("2024-05",)
    assert left_out == {"no creative": 2, "no image of the creative": 2}
    kept = log.table(log.everything()).to_pylist()
    assert sorted(row["impression"] for row in kept)[-4:] == [f"r1-{n}" for n in (0, 1, 2, 5)]
    assert sum(row[CLICKS] for row in kept) == 2
    second = next(row for row in kept if row["impression"] == "r1-1")
    assert (second["creative"], second["site"]) == ("ad-2", ROWS[1]["site"])
    assert (second["device"], second["price"]) == ("phone", 1.0)
    third = next(row for row in kept if row["impression"] == "r1-2")
    assert (third["site"], third["age"]) == ("1005", 7.0)
    assert third["shown_at"] == datetime(2024, 5, 31, 23, tzinfo=UTC)
    creatives = log.creatives()
    assert creatives is not None
    places = creatives.index(pa.array(CREATIVES))
    assert np.array_equal(creatives.images[places], PIXELS)


def test_rows_go_to_the_month_in_which_the_ad_was_shown(tmp_path: Path) -> None:
    rows = [example(shown_at=f"2024-0{month}-03T12:00:00", creative="new") for month in (4, 5, 4)]
    schema = schema_of("{month}/*.csv", images=False)
    out = tmp_path / "joined"
    log, left_out = ingested(answered(tmp_path, rows, images=False), schema, out, None)
    assert (left_out, [month.rows_kept for month in log.months]) == ({}, [4, 2])
    files = {path: path.read_bytes() for path in out.rglob("*.csv")}
    again, _ = ingested(tmp_path / "log", schema, out, None)
    assert {path: path.read_bytes() for path in out.rglob("*.csv")} == files
    assert again.month_names == log.month_names


def test_an_aggregated_schema_gets_one_impression_a_row(tmp_path: Path) -> None:
    columns = schema_of("rows.csv", images=False).model_dump(mode="json")
    del columns["columns"]["clicked"]
    columns["columns"] |= {"shown": {"role": "impressions"}, "clicks": {"role": "clicks"}}
    schema = Schema.model_validate(columns)
    log, _ = ingested(answered(tmp_path, ROWS[:1], images=False), schema, tmp_path / "out", None)
    table = log.table(log.everything(), [IMPRESSIONS, CLICKS])
    assert sorted(table[CLICKS].to_pylist()) == [0, 1]
    assert table[IMPRESSIONS].to_pylist() == [1, 1]


def test_the_command_writes_and_counts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    log = answered(tmp_path, ROWS)
    ingested(log, schema_of("*.csv"), tmp_path / "first", TABLE)
    (manifest,) = (tmp_path / "store").glob("*/logs/*.json")
    monkeypatch.chdir(manifest.parent.parent)
    images = f"logs/{manifest.name}"
    words = ["--predictions", str(log), "--bundle", str(tmp_path / "bundle"), "--window-hours", "0"]
    main([*words, "--images", images, "--to", str(tmp_path / "out")])
    told = dict(line.rsplit(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert (told["predictions"], told["labelled"], told["late"]) == ("12", "12", "2")
    assert told["left out: no creative"] == "2"
    second = ingest(find_source(str(tmp_path / "out"), tiny_schema()), tiny_schema(), "again")
    assert [month.rows_in for month in second.months] == [8]
    with pytest.raises(SystemExit, match="2"):
        main([*words, "--images", "logs/other.json", "--to", str(tmp_path / "out")])
    assert "logs/other.json does not exist" in capsys.readouterr().err


@pytest.mark.parametrize(("rows", "words"), [("a?.csv", "named after"), ("a.csv", "no creatives")])
def test_what_cannot_be_written_is_told(tmp_path: Path, rows: str, words: str) -> None:
    with pytest.raises(AdclickError, match=words):
        write_months([], schema_of(rows), None, str(tmp_path))
