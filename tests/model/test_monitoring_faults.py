"""What monitoring says of a month of the same world, and of one that is spoilt in a known way.

`make bench-monitoring` counts it over many worlds; here is one.
"""

from __future__ import annotations

import pytest

from adclick.monitoring.checks import DriftChecks, SliceChecks
from adclick.monitoring.verdict import VERDICTS, judge, worst_first
from benchmarks.monitoring.faults import FAULTS, Fault
from benchmarks.monitoring.months import SampleWorld
from benchmarks.monitoring.watch import WatchedWorld

MONTH = 5


@pytest.fixture(scope="module")
def watched() -> WatchedWorld:
    """Three times as many clicks as usual: so few rows then say as much."""
    world = SampleWorld.of(seed=0, months=MONTH + 1, rows=16_000, creatives=80, base_rate=0.12)
    return WatchedWorld(world, DriftChecks(slices=SliceChecks(min_impressions=500)), pictures=True)


def test_a_month_of_the_same_world_is_fine(watched: WatchedWorld):
    findings = watched.watch(MONTH)
    assert judge(findings).verdict == "fine", judge(findings).reasons
    checked = {finding.check for finding in findings}
    assert {"drift", "image", "click rate", "score", "auc", "logloss", "calibration"} <= checked
    assert {finding.slice for finding in findings} >= {"device = mobile", "age = 25-34"}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_is_found_in_its_first_month(watched: WatchedWorld, fault: Fault):
    findings = watched.watch(MONTH, fault)
    worst, judgement = worst_first(findings)[0], judge(findings)
    assert worst.column in fault.columns, judgement.reasons
    assert VERDICTS.index(judgement.verdict) >= VERDICTS.index(fault.verdict)
    assert judgement.reasons[0].startswith(f"{findings[0].period}, {worst.column}")
