"""Verdicts: what findings ask for, and in which order a person reads why."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adclick.monitoring.report import DriftReport
from adclick.monitoring.reports import DriftReports
from adclick.monitoring.verdict import CHECKS, VERDICTS, Finding, Verdict, judge, worst_first

DRIFT = Finding("drift", "site", 0.3, 0.2, ok=False, reason="PSI 0.30", period="2026-05")
CLICKS = replace(DRIFT, check="click rate", column="clicked", severity="retrain", reason="4 -> 3 %")
UNIT = replace(DRIFT, check="unit", column="bid", severity="stop", reason="100 times as large")
FEW = replace(DRIFT, check="rows", column=None, value=60, bound=500, reason="60 rows")
FINE = replace(DRIFT, ok=True)
UNSURE = replace(CLICKS, ok=True, undecided=True)

findings = st.lists(
    st.builds(
        Finding,
        check=st.sampled_from(CHECKS),
        column=st.sampled_from([None, "site", "bid"]),
        value=st.floats(-1, 10),
        bound=st.floats(0, 10),
        ok=st.booleans(),
        reason=st.just("why"),
        severity=st.sampled_from(["watch", "retrain", "stop"]),
        period=st.sampled_from(["2026-05", "2026-06"]),
    )
)


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        ([], "fine"),
        ([FINE, UNSURE], "fine"),
        ([FINE, DRIFT], "watch"),
        ([DRIFT, CLICKS], "retrain"),
        ([DRIFT, UNIT, CLICKS], "stop"),
        ([UNIT, FEW], "watch"),
        ([UNIT, replace(FEW, period="2026-04")], "stop"),
    ],
)
def test_the_worst_finding_decides(found: list[Finding], verdict: Verdict):
    assert judge(found).verdict == verdict
    assert bool(judge(found).reasons) == (verdict != "fine")


def test_what_to_look_at_first_comes_first():
    farther = replace(DRIFT, column="age", value=0.9)
    assert worst_first([DRIFT, farther, CLICKS, FINE, UNIT, FEW]) == (
        FEW, UNIT, CLICKS, farther, DRIFT,
    )  # fmt: skip
    # few rows of another period are no reason to train again
    assert worst_first([replace(FEW, period="2026-04"), CLICKS])[0] == CLICKS
    assert judge([replace(DRIFT, slice="device = phone")]).reasons == (
        "2026-05, drift of device = phone: PSI 0.30",
    )


@given(findings, st.randoms())
def test_the_order_of_findings_changes_nothing(found: list[Finding], random):
    shuffled = list(found)
    random.shuffle(shuffled)
    assert judge(found).verdict == judge(shuffled).verdict
    assert sorted(judge(found).reasons) == sorted(judge(shuffled).reasons)


@given(findings, findings)
def test_another_finding_never_calms(found: list[Finding], more: list[Finding]):
    enough = [finding for finding in more if finding.check != "rows"]
    before, after = judge(found).verdict, judge([*found, *enough]).verdict
    assert VERDICTS.index(after) >= VERDICTS.index(before)


def report(name: str, *found: Finding, learned: bool = False) -> DriftReport:
    return DriftReport(
        name=name,
        timestamp=datetime(2026, 5, 31, tzinfo=UTC),
        kind="months",
        rows=(10, 12),
        columns=("site",),
        findings=found,
        fingerprint=name,
        snapshot="{}",
        html="",
        learned=learned,
    )


def test_months_that_the_model_learned_from_ask_for_nothing():
    old, new = report("2026-04", UNIT, learned=True), report("2026-05", DRIFT)
    assert DriftReports((old, new)).verdict == "watch"
    assert DriftReports((old, new)).reasons == ("2026-05, site: PSI 0.30",)
    assert DriftReports((old,)).verdict == "stop"
    assert DriftReports(()).verdict == "fine"
    assert (old.verdict, new.verdict) == ("stop", "watch")
