"""Checks on a period's columns and clicks: what is found, what is not, whatever its size."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from adclick.config import load_config
from adclick.errors import AdclickError
from adclick.monitoring.checks import ColumnCheck, DriftChecks, SliceChecks
from adclick.monitoring.clicks import Clicks
from adclick.monitoring.compare import compare
from adclick.monitoring.names import CLICKED, HOUR, SCORE
from adclick.monitoring.reference import Reference
from adclick.monitoring.verdict import Finding, judge, worst_first
from adclick.schema import Schema
from tests.drifting import SCHEMA, profile, world

CHECKS = DriftChecks()
REPOSITORY = Path(__file__).resolve().parents[2]


@cache
def reference(seed: int = 0, rows: int = 3_000) -> Reference:
    return Reference.of([profile(world(seed, rows))], CHECKS)


def found(
    current: pd.DataFrame, against: Reference | None = None, checks: DriftChecks = CHECKS
) -> tuple[Finding, ...]:
    return compare(against or reference(), profile(current, period="2026-06"), checks)


def problems(findings: tuple[Finding, ...]) -> list[tuple[str, str | None]]:
    return [(finding.check, finding.column) for finding in worst_first(findings)]


def test_the_same_world_is_fine():
    findings = found(world(1))
    assert problems(findings) == []
    drifts = {finding.column for finding in findings if finding.check == "drift"}
    assert drifts == {"site", "device", "word", "bid", "age", HOUR}
    assert {finding.period for finding in findings} == {"2026-06"}


def test_a_shifted_numeric_column_is_named():
    current = world(1)
    current["age"] += 0.3 * 12
    findings = found(current)
    assert problems(findings) == [("drift", "age")]
    assert worst_first(findings)[0].value == pytest.approx(0.3, abs=0.05)
    assert judge(findings).verdict == "watch"


def test_a_vanished_site_is_named():
    current = world(1)
    findings = found(current[current["site"] != "site2"])
    assert problems(findings) == [("vanished values", "site"), ("drift", "site")]
    assert "'site2' 1" in judge(findings).reasons[0]


def test_new_values_are_found():
    current = world(1)
    current.loc[current["site"].isin(["site3", "site5"]), "site"] = "brand new"
    findings = found(current)
    assert ("new values", "site") in problems(findings)
    assert "'brand new' 1" in " ".join(judge(findings).reasons)


def test_words_that_come_and_go_are_no_news():
    """Most of the words of a month are in no other: that is what Good's estimate expects."""
    assert not [f for f in found(world(1)) if f.column == "word" and not f.ok]


@pytest.mark.parametrize(("rate", "check", "verdict"), [
    (0.12, "click rate", "retrain"), (0.05, "click rate", "retrain"), (0.9, "labels", "stop"),
])  # fmt: skip
def test_another_click_rate_is_found(rate: float, check: str, verdict: str):
    findings = found(world(1, click_rate=rate))
    assert problems(findings) == [(check, CLICKED)]
    assert judge(findings).verdict == verdict


def test_many_drifted_columns_ask_for_retraining():
    current = world(1)
    current["age"] += 12
    current["bid"] *= 4
    findings = found(current)
    assert problems(findings) == [("drifted columns", None), ("drift", "bid"), ("drift", "age")]
    assert judge(findings).verdict == "retrain"


@pytest.mark.parametrize(
    ("factor", "words"), [(100, "about 100 times as large"), (0.01, "about 100 times as small")]
)
def test_a_change_of_unit_stops(factor: float, words: str):
    current = world(1)
    current["bid"] *= factor
    findings = found(current)
    assert problems(findings)[0] == ("unit", "bid")
    assert words in judge(findings).reasons[0]
    assert judge(findings).verdict == "stop"


def test_many_times_the_spread_is_no_change_of_unit():
    current = world(1)
    current["age"] = 40 + (current["age"] - 40) * 10
    assert problems(found(current)) == [("drift", "age")]


@pytest.mark.parametrize("pair", [("site", "device"), ("bid", "age")])
def test_swapped_columns_stop(pair: tuple[str, str]):
    current = world(1)
    one, other = pair
    current[one], current[other] = current[other].copy(), current[one].copy()
    findings = found(current)
    swapped = {column for check, column in problems(findings) if check == "swapped columns"}
    assert swapped == set(pair)
    assert f"holds what column {other} held" in " ".join(judge(findings).reasons)
    assert judge(findings).verdict == "stop"


def test_empty_cells_are_found_and_a_column_without_values_stops():
    current = world(1)
    current.loc[:299, "device"] = None
    current["bid"] = np.nan
    current["word"] = None
    findings = found(current)
    assert problems(findings) == [
        ("vanished column", "word"), ("vanished column", "bid"), ("missing", "device"),
    ]  # fmt: skip
    assert "100% of cells are empty" in judge(findings).reasons[0]
    assert judge(findings).verdict == "stop"
    compared = {f.column for f in findings if f.check == "drift"}
    assert compared == {"site", "device", "age", HOUR}


def test_a_column_of_one_value_says_nothing_any_more():
    current = world(1)
    current["device"] = "phone"
    findings = found(current)
    assert problems(findings) == [("vanished column", "device")]
    assert "'phone' throughout" in judge(findings).reasons[0]


def test_constant_columns_are_no_drift(recwarn: pytest.WarningsRecorder):
    old, new = world(0), world(1)
    for frame in (old, new):
        frame["bid"], frame["device"] = 1.0, "phone"
    findings = found(new, Reference.of([profile(old)], CHECKS))
    assert problems(findings) == []
    new["bid"] = 1.5
    findings = found(new, Reference.of([profile(old)], CHECKS))
    assert problems(findings) == [("drift", "bid")]
    assert not recwarn.list


def test_late_labels_stop():
    """Of a click in the last five days of the month nothing was told yet."""
    shown = [(1_000, 80)] * 25
    full = profile(world(1)).model_copy(
        update={
            "clicks": Clicks(
                impressions=30_000, clicks=2_400, creatives={}, days=(*shown, *shown[:5])
            )
        }
    )
    late = Clicks(impressions=30_000, clicks=2_000, creatives={}, days=(*shown, *[(1_000, 0)] * 5))
    against = Reference.of([full], CHECKS)
    assert problems(compare(against, full, CHECKS)) == []
    findings = compare(against, full.model_copy(update={"clicks": late}), CHECKS)
    assert problems(findings)[0] == ("labels", CLICKED)
    assert "not all labels are in" in judge(findings).reasons[0]
    assert judge(findings).verdict == "stop"


@pytest.mark.parametrize(("rows", "others"), [(500, 500), (500, 10_000), (8_000, 8_000)])
def test_rows_alone_do_not_change_the_verdict(rows: int, others: int):
    against = reference(6, others)
    assert judge(found(world(5, rows), against)).verdict == "fine"
    moved = world(5, rows)
    moved["age"] += 6
    assert problems(found(moved, against)) == [("drift", "age")]


def test_too_few_rows_are_watched_and_no_more():
    current = world(1, 60, click_rate=0.9)
    current["age"] += 100
    current["bid"] *= 100
    findings = found(current)
    assert judge(findings).verdict == "watch"
    assert "too few to judge" in judge(findings).reasons[0]


def test_scores_are_compared():
    old, new = world(0).drop(columns=CLICKED), world(1).drop(columns=CLICKED)
    old[SCORE] = np.random.default_rng(0).beta(2, 30, len(old))
    new[SCORE] = np.random.default_rng(1).beta(2, 15, len(new))
    against = Reference.of([profile(old)], CHECKS)
    assert problems(found(new, against)) == [("score", SCORE)]
    new[SCORE] = np.random.default_rng(1).beta(2, 30, len(new))
    assert problems(found(new, against)) == []


def test_a_schema_without_numeric_columns():
    columns = {n: c for n, c in SCHEMA.columns.items() if n not in SCHEMA.numeric}
    schema = Schema.model_validate({**SCHEMA.model_dump(), "columns": columns})
    against = Reference.of([profile(world(0), schema)], CHECKS)
    findings = compare(against, profile(world(1), schema), CHECKS)
    assert {f.column for f in findings if f.check == "drift"} == {"site", "device", "word", HOUR}


def test_bounds_are_as_declared():
    current = world(1)
    current["age"] += 0.3 * 12
    looser = DriftChecks(columns={"age": ColumnCheck(bound=0.5)})
    assert problems(found(current, checks=looser)) == []
    deciles = DriftChecks(columns={"age": ColumnCheck(distance="psi", bound=0.05)})
    assert problems(found(current, checks=deciles)) == [("drift", "age")]
    graver = DriftChecks(severities={"drift": "stop"})
    assert judge(found(current, checks=graver)).verdict == "stop"


def test_what_training_months_do_themselves_is_no_drift():
    """Ages that differ by half a standard deviation from month to month are as usual as any."""
    months = []
    for month, shift in enumerate((-4, 4, 0, 3)):
        frame = world(month)
        frame["age"] += shift
        months.append(profile(frame, period=f"2026-0{month + 1}"))
    current = world(7)
    current["age"] += 4
    assert problems(found(current, Reference.of(months, CHECKS))) == []
    assert "training months differ" in " ".join(
        f.reason for f in found(current, Reference.of(months, CHECKS)) if f.column == "age"
    )
    current["age"] += 12
    assert problems(found(current, Reference.of(months, CHECKS))) == [("drift", "age")]


def test_a_section_may_be_a_file_beside_the_configuration(tmp_path: Path):
    (tmp_path / "checks.yaml").write_text("psi: 0.5\nslices: {columns: [site]}\n")
    file = tmp_path / "mine.yaml"
    file.write_text("monitoring: checks.yaml\n")
    assert load_config(file).monitoring == DriftChecks(
        psi=0.5, slices=SliceChecks(columns=("site",))
    )
    (tmp_path / "checks.yaml").write_text("psi: -1\n")
    with pytest.raises(AdclickError, match=r"mine\.yaml: monitoring\.psi"):
        load_config(file)
    file.write_text("monitoring: gone.yaml\n")
    with pytest.raises(AdclickError, match=r"gone\.yaml does not exist: .*mine\.yaml names it"):
        load_config(file)


def test_the_declared_checks_are_the_defaults():
    """configs/monitoring.yaml lists every bound; a reader of it sees what is in force."""
    declared = load_config(REPOSITORY / "configs/local.yaml").monitoring
    assert declared == DriftChecks()
    listed = yaml.safe_load((REPOSITORY / "configs/monitoring.yaml").read_text())
    assert set(listed) == set(DriftChecks.model_fields)
    assert set(listed["slices"]) == set(SliceChecks.model_fields)
