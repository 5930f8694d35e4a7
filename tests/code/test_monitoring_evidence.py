"""What reports look like: exact figures and tests for Evidently, and pictures of a sample."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
import pytest
from test_monitoring import report

from adclick.monitoring.names import CLICKED, SCORE
from adclick.monitoring.point import Point
from adclick.monitoring.points import MOST_TIMES, points_of
from adclick.monitoring.quiet import quiet_evidently
from adclick.monitoring.report import DriftReport
from adclick.monitoring.verdict import Finding
from tests.browser import browser, render
from tests.drifting import profile, world

EXACT, SAMPLED = "Exact: from all rows", "Sampled: distributions"
QUALITY = "Sampled: quality of the scores"


@cache
def broken() -> DriftReport:
    """A month whose bids are in cents, with a column that has one value and an empty one."""
    current = world(1)
    current["bid"] *= 100
    current["device"], current["age"] = "phone", np.nan
    return report(current)


def scored(seed: int, labelled: float) -> pd.DataFrame:
    """Predictions of which a share has its label."""
    frame, random = world(seed), np.random.default_rng(seed)
    frame[SCORE] = random.beta(2, 20, len(frame))
    clicks = (random.random(len(frame)) < frame[SCORE]).astype(float)
    frame[CLICKED] = clicks.where(random.random(len(frame)) < labelled)
    return frame


def titles(found: DriftReport) -> list[str]:
    return [str(widget["title"]) for widget in json.loads(found.snapshot)["widgets"]]


def results(found: DriftReport) -> dict[str, Any]:
    return dict(json.loads(found.snapshot)["metric_results"])


def finding(**changes: Any) -> Finding:
    known: dict[str, Any] = {
        "check": "drift", "column": "site", "value": 0.3, "bound": 0.2, "ok": False, "reason": "",
    }  # fmt: skip
    return Finding(**{**known, **changes})


def drawn(found: Finding) -> Point:
    return next(p for p in points_of("months", [found], profile(world(0, 50))) if ":" in p.panel
                and p.section != "Verdict" and "bound" in p.panel)  # fmt: skip


def test_what_is_drawn_above_one_is_what_is_past_its_bound() -> None:
    assert drawn(finding()).value == pytest.approx(1.5)
    assert drawn(finding(value=0.1, ok=True)).value == pytest.approx(0.5)
    by_chance = finding(ok=True, undecided=True)
    assert drawn(by_chance).value == 1.0
    assert drawn(finding(value=80.0)).value == MOST_TIMES


def test_a_panel_s_series_are_told_apart() -> None:
    new = drawn(finding(check="new values"))
    gone = drawn(finding(check="vanished values"))
    assert new.panel == gone.panel and (new.series, gone.series) == ("site: new", "site: vanished")
    of_slice = drawn(finding(check="calibration", column=None, slice="device = phone"))
    assert (of_slice.section, of_slice.series) == ("Slices", "device = phone")


def test_a_verdict_s_counts_are_of_what_is_past_its_bound() -> None:
    found = [finding(), finding(check="unit", severity="stop"), finding(ok=True)]
    counts = [
        p for p in points_of("months", found, profile(world(0, 50))) if p.section == "Verdict"
    ]
    assert {p.series: p.value for p in counts} == {
        "ask for watch": 1, "ask for retrain": 0, "ask for stop": 1,
    }  # fmt: skip


def test_evidently_has_every_exact_figure_and_a_test_a_check() -> None:
    found = broken()
    figures = results(found)
    kept = {one["value"] for name, one in figures.items() if ":adclick:Figure" in name}
    assert {point.value for point in found.points} == kept
    tests = [test for one in figures.values() for test in one["tests"]]
    assert len(tests) == len(found.findings)
    status = {test["name"]: test["status"] for test in tests}
    assert status["unit of bid"] == "FAIL"
    assert status["drift of bid"] == "WARNING"
    assert status["drift of word"] == "SUCCESS"


def test_a_page_says_what_is_exact_and_what_is_sampled_and_what_matters_first() -> None:
    shown = titles(broken())
    exact, first = shown.index(EXACT), shown.index("Look at first")
    sampled = next(n for n, title in enumerate(shown) if title.startswith(SAMPLED))
    assert exact < first < shown.index("Within their bounds") < sampled
    (column,) = json.loads(broken().snapshot)["widgets"][sampled + 1]["params"]["counters"]
    assert column["value"] == "bid" and column["label"].startswith("exact: ")
    assert QUALITY not in shown
    table = next(
        w for w in json.loads(broken().snapshot)["widgets"] if w["title"] == "Look at first"
    )
    asked = [row[1] for row in table["params"]["data"]]
    assert asked == sorted(asked, key=["STOP", "RETRAIN", "WATCH"].index)


def test_a_column_of_one_value_is_summed_up_and_one_without_is_not() -> None:
    widgets = json.loads(broken().snapshot)["widgets"]
    summed = [w["params"]["header"] for w in widgets if w["type"] == "rich_data"]
    assert summed == ["site", "device", "word", "bid", "hour of day"]


@pytest.mark.parametrize(("labelled", "shown"), [(0.8, True), (0.0, False), (0.02, False)])
def test_quality_is_shown_where_labels_are_in(labelled: float, shown: bool) -> None:
    found = report(scored(1, labelled), scored(2, 1.0))
    assert found.kind == "predictions"
    assert (QUALITY in titles(found)) == shown
    assert any("RocAuc" in one["metric_value_location"]["metric"]["params"]["type"]
               for one in results(found).values()) == shown  # fmt: skip


@cache
def hostile() -> DriftReport:
    """A month with a site whose name would be a script, and load a picture, if it could."""
    current = world(1)
    name = "</script><script>stolen()</script>![x](http://thief.example/x.png)"
    current["site"] = current["site"].replace("site0", name)
    return report(current)


def test_a_value_that_is_a_script_is_text() -> None:
    assert "stolen()" in hostile().html
    assert "<script>stolen" not in hostile().html


@pytest.mark.skipif(browser() is None, reason="there is no browser")
def test_a_page_renders_without_a_network_whatever_values_hold(tmp_path: Path) -> None:
    page = render(hostile().html, tmp_path)
    assert page.loaded == []
    assert hostile().verdict.upper() in page.text
    assert page.text.index(EXACT) < page.text.index("Look at first") < page.text.index(SAMPLED)
    assert "stolen()" in page.text


def test_a_panel_shows_the_series_that_went_farthest() -> None:
    aucs = [
        Point("Slices", "Months: AUC by slice", f"age = {n}", n / 10, -n / 10) for n in range(9)
    ]
    with quiet_evidently():
        from adclick.monitoring.dashboard import dashboard

        found = dashboard(UUID(int=1), [replace(broken(), points=tuple(aucs))])
    heading, panel = found.panels
    assert heading.title == "SLICES"
    assert panel.subtitle == "the 6 that went farthest of 9"
    assert [value.legend for value in panel.values] == [f"age = {n}" for n in range(6)]
