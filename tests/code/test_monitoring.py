"""Drift reports: what is found, what is not, and that they come back from files as they were."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from adclick.adlog import BUCKETS, AdLog, Month, row_schema
from adclick.errors import AdclickError
from adclick.monitoring.checks import DriftChecks
from adclick.monitoring.drift import drift_report
from adclick.monitoring.frames import compared_columns, prediction_frame, sample_frame
from adclick.monitoring.names import CLICKED, HOUR, SCORE
from adclick.monitoring.reference import Reference
from adclick.monitoring.report import DriftReport
from adclick.monitoring.samples import comparable
from adclick.prediction_log import PredictionLogWriter, read_predictions
from adclick.schema import Schema
from tests.drifting import SCHEMA, profile, world
from tests.records import by_column

JUNE = datetime(2026, 6, 30, 23, 59, tzinfo=UTC)
CHECKS = DriftChecks()


def report(
    current: pd.DataFrame,
    reference: pd.DataFrame | None = None,
    schema: Schema = SCHEMA,
    name: str = "2026-06",
    checks: DriftChecks = CHECKS,
) -> DriftReport:
    if reference is None:
        reference = world(0)
    return drift_report(
        JUNE,
        reference=Reference.of([profile(reference, schema)], checks),
        current=profile(current, schema, name),
        samples=(reference, current),
        schema=schema,
        checks=checks,
    )


@cache
def same_world() -> DriftReport:
    return report(world(1))


def ad_log(folder: Path, rows: int, seed: int = 0, order: int | None = None) -> AdLog:
    """An ad log of one month with `rows` rows of the world, in any order."""
    frame, random = world(seed, rows), np.random.default_rng(seed)
    hours = frame[HOUR].astype(int).to_numpy().astype("timedelta64[h]")
    days = random.integers(0, 30, rows).astype("timedelta64[D]")
    table = pa.table(
        {
            "id": [f"i{i}" for i in range(rows)],
            "time": pa.array(np.datetime64("2026-06-01", "us") + days + hours),
            **{name: frame[name] for name in ("site", "device", "word", "bid", "age")},
            "_impressions": [1] * rows,
            "_clicks": frame[CLICKED],
            "_bucket": random.integers(0, BUCKETS, rows),
        }
    ).cast(row_schema(SCHEMA))
    if order is not None:
        table = table.take(np.random.default_rng(order).permutation(rows))
    folder.mkdir()
    pq.write_table(table, folder / "rows.parquet", row_group_size=700)
    month = Month(
        month="2026-06", files=("rows.parquet",), quarantine="", rows_kept=rows,
        rows_quarantined=0, reasons={}, defaults={}, impressions=rows,
        clicks=int(frame[CLICKED].sum()), first=JUNE, last=JUNE,
    )  # fmt: skip
    return AdLog(root=str(folder), ad_schema=SCHEMA, sources=(), months=(month,))


def test_same_world_is_fine():
    found = same_world()
    assert found.verdict == "fine"
    assert found.problems == ()
    assert found.kind == "months"
    assert found.rows == (3_000, 3_000)
    drifts = {finding.column for finding in found.findings if finding.check == "drift"}
    assert drifts == {"site", "device", "word", "bid", "age", HOUR}


def test_at_most_fifty_values_are_compared_one_by_one():
    frame = pd.DataFrame({"word": [f"w{i % 60}" for i in range(6_000)]})
    samples = comparable("many words", frame, frame, ["word"])
    assert samples.reference["word"].nunique() == 51
    assert (samples.reference["word"] == "(other)").sum() == 1_000


def test_predictions_are_compared_with_their_scores():
    reference, current = world(0).drop(columns=CLICKED), world(1).drop(columns=CLICKED)
    reference[SCORE] = np.random.default_rng(0).beta(2, 30, len(reference))
    current[SCORE] = np.random.default_rng(1).beta(2, 15, len(current))
    found = report(current, reference)
    assert found.kind == "predictions"
    assert [(f.check, f.column) for f in found.problems] == [("score", SCORE)]
    assert found.verdict == "watch"
    with pytest.raises(AdclickError, match="score both sides or none"):
        report(current, world(0))


def test_input_that_cannot_be_compared_is_refused():
    with pytest.raises(AdclickError, match="no current rows"):
        comparable("2026-06", world(0), world(1).head(0), ["site"])
    with pytest.raises(AdclickError, match="reference rows lack column 'site'"):
        comparable("2026-06", world(0).drop(columns="site"), world(1), ["site"])


def test_a_report_comes_back_from_its_files():
    found = same_world()
    assert DriftReport.from_files(found.files()) == found
    assert set(found.files()) == {"report.json", "snapshot.json", "report.html"}


def test_the_page_needs_no_network_and_is_small():
    page = same_world().html
    assert "FINE" in page and "2026-06: 0 of " in page
    assert not re.findall(
        r"""(?:src|href)=["'](?!data:)[^"']+""",
        re.sub(r"<script.*?</script>", "", page, flags=re.S),
    )
    assert not re.findall(r"<script[^>]+src", page)
    assert len(page) < 5_000_000


def test_the_fingerprint_follows_rows_and_bounds():
    again = report(world(1), world(0))
    assert again.snapshot_id == same_world().snapshot_id
    stricter = report(world(1), world(0), checks=DriftChecks(psi=0.05))
    assert stricter.snapshot_id != again.snapshot_id
    assert str(stricter.snapshot_id)[:18] == str(again.snapshot_id)[:18]


def test_importing_costs_no_evidently():
    code = (
        "import sys, adclick.monitoring.drift, adclick.monitoring.workspace, "
        "adclick.monitoring.frames; sys.exit('evidently' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_sample_does_not_depend_on_the_order_of_the_log(tmp_path: Path):
    log = ad_log(tmp_path / "log", 5_000)
    shuffled = ad_log(tmp_path / "shuffled", 5_000, order=1)
    sample = sample_frame(log, log.everything(), 1_000)
    assert 990 <= len(sample) <= 1_000
    assert list(sample) == ["site", "device", "word", "bid", "age", HOUR, CLICKED]
    pd.testing.assert_frame_equal(sample, sample_frame(shuffled, shuffled.everything(), 1_000))
    everything = sample_frame(log, log.everything(), 10_000)
    assert len(everything) == 5_000
    assert sorted(everything[HOUR]) == sorted(world(0, 5_000)[HOUR])
    assert everything[CLICKED].sum() == world(0, 5_000)[CLICKED].sum()


def test_a_sample_stays_within_its_selection(tmp_path: Path):
    log = ad_log(tmp_path / "log", 5_000)
    upper = log.everything().model_copy(update={"first_bucket": 9_000})
    sample = sample_frame(log, upper, 200)
    pd.testing.assert_frame_equal(
        sample, sample_frame(log, upper, 10_000).head(len(sample)).reset_index(drop=True)
    )
    assert 190 <= len(sample) <= 200
    assert len(sample_frame(log, upper, 1)) == 1
    nothing = log.everything().model_copy(update={"since": JUNE.replace(year=2027)})
    with pytest.raises(AdclickError, match="no rows"):
        sample_frame(log, nothing, 100)


def test_logged_predictions_become_a_frame(tmp_path: Path):
    row = {"site": "site1", "device": "phone", "word": "w1", "bid": 1.5, "age": 30}
    writer = PredictionLogWriter(tmp_path)
    for i in range(20):
        time = {"time": f"2026-06-01T{i:02d}:30:00"} if i else {}
        writer.append(f"r{i:02d}", "7", by_column([row | time]), [i / 20])
    writer.close()
    predictions = read_predictions(tmp_path, SCHEMA, "7")
    frame = prediction_frame(predictions, SCHEMA, 100)
    assert list(frame) == ["site", "device", "word", "bid", "age", HOUR, SCORE]
    assert frame[HOUR].tolist() == [None, *(f"{i:02d}" for i in range(1, 20))]
    assert frame[SCORE].tolist() == [i / 20 for i in range(20)]
    assert prediction_frame(predictions, SCHEMA, 3)[SCORE].tolist() == [0.0, 0.45, 0.95]


def test_a_feature_may_not_take_the_name_of_a_report_column():
    columns = SCHEMA.columns | {SCORE: SCHEMA.columns["bid"]}
    schema = Schema.model_validate({**SCHEMA.model_dump(), "columns": columns})
    with pytest.raises(AdclickError, match="a feature is named 'score'"):
        compared_columns(schema)
