"""Scores with known clicks: exact figures, their errors, and slices that are served worse."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from adclick.adlog import CLICKS, IMPRESSIONS, TIME
from adclick.arrays import Float64
from adclick.errors import AdclickError
from adclick.evaluation.metrics import Scored, metrics
from adclick.monitoring.checks import DriftChecks, SliceChecks
from adclick.monitoring.distribution import Numbers, Values
from adclick.monitoring.figure import findings
from adclick.monitoring.performance import METRICS, Performance, measure_performance
from adclick.monitoring.performance_figures import performance_figures
from adclick.monitoring.profile import Profile
from adclick.monitoring.slice_codes import SliceCodes
from adclick.monitoring.verdict import Finding
from tests.drifting import SCHEMA

CHECKS = DriftChecks(slices=SliceChecks(columns=("device", "age")))
ROWS = 30_000
REFERENCE = Profile(
    period="2026-04",
    rows=ROWS,
    impressions=ROWS,
    effective_rows=ROWS,
    of_creative=(),
    creatives=None,
    missing={},
    values={"device": Values(counts={"phone": 20_000, "desktop": 10_000}, distinct=2)},
    numbers={"age": Numbers(mean=40, deviation=12, counts={16_800: 10, 16_840: 10, 16_880: 10})},
    clicks=None,
)


def rows(seed: int, rows: int = ROWS) -> tuple[pa.Table, Float64]:
    """Rows that are clicked as often as the scores that come with them say."""
    random = np.random.default_rng(seed)
    score = random.beta(2, 20, rows)
    days = random.integers(0, 28, rows).astype("timedelta64[D]")
    table = pa.table(
        {
            "time": pa.array(np.datetime64("2026-06-01", "us") + days, TIME),
            "device": random.choice(np.array(["phone", "desktop"], object), rows),
            "age": random.normal(40, 12, rows),
            IMPRESSIONS: np.ones(rows, np.int64),
            CLICKS: (random.random(rows) < score).astype(np.int64),
        }
    )
    return table, score


def measured(table: pa.Table, score: Float64) -> Performance:
    codes = SliceCodes(REFERENCE, CHECKS.slices.columns)
    scored = table.append_column("score", pa.array(score))
    batches = scored.to_batches(max_chunksize=4_000)
    return measure_performance(batches, lambda one: one["score"].to_numpy(), SCHEMA, codes, 2_000)


@pytest.fixture(scope="module")
def before() -> Performance:
    return measured(*rows(0))


def found(before: Performance, after: Performance) -> list[Finding]:
    return list(findings(performance_figures(before, after, CHECKS), {}, CHECKS, "2026-06"))


def past(found: list[Finding]) -> list[tuple[str, str | None]]:
    return [(finding.check, finding.slice) for finding in found if not finding.ok]


def test_figures_are_exact(before: Performance):
    table, score = rows(0)
    clicks = table[CLICKS].to_numpy().astype(float)
    expected = metrics(Scored(clicks, np.ones(ROWS), score))
    for name in METRICS:
        estimate = before.metrics[name]
        assert estimate.value == pytest.approx(expected[name], abs=1e-12)
        assert estimate.low < estimate.value < estimate.high
    assert before.score.mean == pytest.approx(score.mean())
    assert before.score_draws == pytest.approx(ROWS, rel=0.7)


def test_the_same_model_on_the_same_world_is_fine(before: Performance):
    after = found(before, measured(*rows(1)))
    assert past(after) == []
    assert {finding.slice for finding in after if finding.column == "device"} == {
        "device = phone", "device = desktop",
    }  # fmt: skip


def test_scores_that_rank_worse_are_found(before: Performance):
    table, score = rows(1)
    noisy = np.random.default_rng(0).permutation(score)
    after = found(before, measured(table, (score + noisy) / 2))
    assert {check for check, _ in past(after)} >= {"auc", "logloss"}
    worst = next(finding for finding in after if finding.check == "auc")
    assert worst.severity == "retrain"
    assert "AUC 0." in worst.reason


@pytest.mark.parametrize("factor", [1.4, 0.7])
def test_scores_that_promise_too_much_or_too_little_are_found(before: Performance, factor: float):
    table, score = rows(1)
    after = found(before, measured(table, score * factor))
    assert ("calibration", None) in past(after)
    assert ("score", None) in past(after)
    # all slices alike: none is served worse than the others
    assert [slice_ for _, slice_ in past(after) if slice_] == []


def test_a_slice_that_is_served_worse_is_named(before: Performance):
    """Phones are promised half as much again, desktops as much less: all rows are calibrated."""
    table, score = rows(1)
    phone = np.asarray(table["device"].to_pylist()) == "phone"
    after = found(before, measured(table, np.where(phone, 1.5, 0.6) * score))
    assert {slice_ for check, slice_ in past(after) if check == "calibration"} == {
        "device = phone", "device = desktop",
    }  # fmt: skip


def test_few_rows_are_undecided(before: Performance):
    table, score = rows(1, 300)
    after = found(before, measured(table, score * 1.3))
    assert {check for check, _ in past(after)} <= {"score"}
    assert [f.undecided for f in after if f.check == "calibration" and f.slice is None] == [True]


def test_a_column_that_is_not_there_is_refused():
    with pytest.raises(AdclickError, match=r"monitoring\.slices names column 'colour'"):
        SliceCodes(REFERENCE, ("colour",))
