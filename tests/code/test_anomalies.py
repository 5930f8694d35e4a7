"""Each anomaly is found when its thing breaks, and ordinary months have none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon

from adclick.errors import AdclickError
from adclick.schema import Schema
from adclick.statistics.anomalies import find_anomalies
from adclick.statistics.anomaly import Anomaly, AnomalyOptions
from adclick.statistics.chance import same_rate, same_share
from adclick.statistics.distance import column_distance
from adclick.statistics.histogram import bucket_counts
from adclick.statistics.log import LogStatistics, describe_log, validate_log
from adclick.statistics.month import MonthStatistics, NumbersOfColumn, ValuesOfColumn
from tests.logs import ingested, many, schema_of

SCHEMA = schema_of(max_bad_share=0.02)
OPTIONS = AnomalyOptions()
USUAL_SITES = {"news": 0.5, "sport": 0.3, "maps": 0.2}


def text(shares: dict[str, float], rows: int, /, **changes: Any) -> ValuesOfColumn:
    counts = [round(share * rows) for share in shares.values()]
    column = ValuesOfColumn(
        missing=0,
        defaults=0,
        distinct=len(shares),
        undercount=0,
        values=tuple(shares),
        impressions=tuple(counts),
        clicks=tuple(count // 20 for count in counts),
    )
    return column.model_copy(update=changes)


def numbers(values: Sequence[float], rows: int, /, **changes: Any) -> NumbersOfColumn:
    array = np.asarray(values, np.float64)
    counts = bucket_counts(array, np.full(len(array), max(1, rows / len(array))))
    filled = np.flatnonzero(counts)
    column = NumbersOfColumn(
        missing=0,
        defaults=0,
        least=array.min(),
        most=array.max(),
        mean=array.mean(),
        deviation=array.std(),
        zeros=int((array == 0).sum()),
        quantiles=tuple(np.quantile(array, [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99])),
        buckets=tuple(filled.tolist()),
        counts=tuple(counts[filled].tolist()),
    )
    return column.model_copy(update=changes)


def month(
    name: str = "2024-02",
    rows: int = 10_000,
    sites: dict[str, float] | None = None,
    bids: Sequence[float] = tuple(range(1, 101)),
    click_rate: float = 0.05,
    site_changes: dict[str, Any] | None = None,
    bid_changes: dict[str, Any] | None = None,
    **changes: Any,
) -> MonthStatistics:
    """A month of 10,000 rows of one impression, ordinary but for what the arguments change."""
    found = MonthStatistics(
        month=name,
        rows=rows,
        rows_quarantined=0,
        reasons={},
        impressions=rows,
        clicks=round(click_rate * rows),
        effective_rows=rows,
        effective_creatives=None,
        impressions_by_day=(),
        clicks_by_day=(),
        impressions_by_hour=(),
        clicks_by_hour=(),
        creative=None,
        of_creative=(),
        undeclared_columns=("note",),
        text={"site": text(sites or USUAL_SITES, rows, **(site_changes or {}))},
        numeric={"bid": numbers(bids, rows, **(bid_changes or {}))},
    )
    return found.model_copy(update=changes)


BEFORE = month("2024-01")


def anomalies(*months: MonthStatistics, schema: Schema = SCHEMA) -> tuple[Anomaly, ...]:
    return find_anomalies(months, schema, OPTIONS)


def checks(*months: MonthStatistics) -> list[tuple[str, str, str | None]]:
    return [(found.severity, found.check, found.column) for found in anomalies(*months)]


def with_rows(rows: int, breaks: dict[str, Any]) -> MonthStatistics:
    scaled = {
        key: {name: value(rows) if callable(value) else value for name, value in change.items()}
        if key.endswith("_changes")
        else change
        for key, change in breaks.items()
    }
    return month(rows=rows, **scaled)


def share(part: float) -> Callable[[int], int]:
    return lambda rows: round(part * rows)


WARNINGS: dict[str, tuple[dict[str, Any], set[tuple[str, str | None]]]] = {
    "another undeclared column": (
        {"undeclared_columns": ("note", "user")},
        {("undeclared columns", None)},
    ),
    "no more undeclared columns": ({"undeclared_columns": ()}, {("undeclared columns", None)}),
    "label twice as often": ({"click_rate": 0.1}, {("click rate", None)}),
    "label half as often": ({"click_rate": 0.025}, {("click rate", None)}),
    "new site": (
        {"sites": {"news": 0.45, "sport": 0.26, "maps": 0.18, "chat": 0.11}},
        {("new values", "site"), ("distribution", "site")},
    ),
    "no more maps": (
        {"sites": {"news": 0.6, "sport": 0.4}},
        {("vanished values", "site"), ("distribution", "site")},
    ),
    "sites changed places": (
        {"sites": {"maps": 0.5, "news": 0.3, "sport": 0.2}},
        {("distribution", "site")},
    ),
    "cents for dollars": ({"bids": tuple(range(100, 10_001, 100))}, {("distribution", "bid")}),
    "one site": ({"sites": {"news": 1.0}}, {("vanished column", "site")}),
    "one bid": ({"bids": (3.0,)}, {("vanished column", "bid")}),
    "bids left out": (
        {"bid_changes": {"missing": share(0.2), "defaults": share(0.2)}},
        {("missing", "bid")},
    ),
}


@pytest.mark.parametrize("name", WARNINGS)
def test_what_breaks_is_found_and_nothing_else(name: str) -> None:
    breaks, expected = WARNINGS[name]
    for rows in (5_000, 10_000, 20_000):
        found = anomalies(BEFORE, with_rows(rows, breaks))
        assert {(one.check, one.column) for one in found} == expected
        assert {(one.severity, one.month) for one in found} == {("warning", "2024-02")}


@pytest.mark.parametrize(
    "name", ["label twice as often", "label half as often", "new site", "bids left out"]
)
def test_a_change_that_chance_explains_in_so_few_rows_is_none(name: str) -> None:
    breaks, _ = WARNINGS[name]
    few = with_rows(100, breaks) if "label" in name else with_rows(10, {**breaks, "clicks": 1})
    assert {check for _, check, _ in checks(BEFORE, few)} <= {"impressions"}


@pytest.mark.parametrize("values", [2, 5, 30])
@pytest.mark.parametrize("rows", [20, 200, 2_000])
def test_samples_of_one_distribution_are_rarely_apart(rows: int, values: int) -> None:
    random = np.random.default_rng(rows + values)
    shares = random.dirichlet(np.ones(values))
    drawn = random.multinomial(rows, shares, size=(300, 2)) / rows
    distances = [
        column_distance(
            *(
                month(rows=rows, sites={f"s{i}": part for i, part in enumerate(one)})
                for one in pair
            ),
            "site",
        )
        for pair in drawn
    ]
    apart = [found.value > max(OPTIONS.distance, found.by_chance) for found in distances]
    assert np.mean(apart) < 0.01


@given(st.integers(500, 10**9), st.sampled_from((0.9, 1.0, 1.1)))
def test_ordinary_months_of_any_size_have_none(rows: int, factor: float) -> None:
    sites = {"news": 0.5 * factor, "sport": 0.3, "maps": 1 - 0.5 * factor - 0.3}
    assert not anomalies(month("2024-01", rows), month(rows=rows, sites=sites))


@given(st.sampled_from(sorted(WARNINGS)), st.integers(2_000, 10**8))
def test_no_verdict_changes_with_the_number_of_rows(name: str, rows: int) -> None:
    breaks, expected = WARNINGS[name]
    found = anomalies(month("2024-01", rows), with_rows(rows, breaks))
    assert {(one.check, one.column) for one in found} == expected


def test_months_of_other_sizes_gaps_and_quarantine() -> None:
    assert checks(BEFORE, month(rows=25_000)) == [("warning", "impressions", None)]
    assert checks(BEFORE, month(rows=4_000)) == [("warning", "impressions", None)]
    assert checks(BEFORE, month("2024-03")) == [("warning", "gap", None)]
    assert not checks(month("2023-12"), BEFORE)
    reasons = {"site: not allowed": 90, "image: missing": 20}
    (near,) = anomalies(month(rows_quarantined=110, reasons=reasons))
    assert near.what == (
        "1.1% of rows in quarantine, over half of the 2.0% that stop a run; "
        "most often site: not allowed (90)"
    )
    (rise,) = anomalies(BEFORE, month(rows_quarantined=90, reasons={"site: not allowed": 90}))
    assert (rise.check, rise.what) == (
        "reason",
        "0.9% of rows in quarantine as site: not allowed, after 0.0%: a rise of more than 0.5%",
    )


@pytest.mark.parametrize("clicks", [0, 10_000])
def test_a_month_of_one_label_is_an_error(clicks: int) -> None:
    found = checks(BEFORE, month(clicks=clicks))
    assert ("error", "clicks", None) in found


def test_an_empty_column_stops_the_newest_month_alone() -> None:
    empty = {"values": ("",), "impressions": (10_000,), "clicks": (500,), "distinct": 1}
    gone = {"site_changes": {"missing": 10_000, "defaults": 10_000, **empty}}
    assert checks(BEFORE, month(**gone)) == [("error", "vanished column", "site")]
    later = checks(BEFORE, month(**gone), month("2024-03", **gone))
    assert later == [("warning", "vanished column", "site")]


def test_an_error_stops_a_run_and_says_where() -> None:
    broken = (BEFORE, month(clicks=0))
    with pytest.raises(AdclickError, match=r"month 2024-02: 0 clicks of 10,000 impressions"):
        validate_log(LogStatistics(name="x", months=broken, anomalies=anomalies(*broken)))
    fine = (BEFORE, month(click_rate=0.1))
    found = anomalies(*fine)
    assert validate_log(LogStatistics(name="x", months=fine, anomalies=found)).anomalies == found


def shifting(number: int, names: int, kept: float) -> MonthStatistics:
    """A month of which `kept` of the names were there in the month before."""
    first = round(number * names * (1 - kept))
    sites = {f"s{first + i}": 1 / names for i in range(names)}
    return month(f"2024-{number + 1:02}", rows=200_000, sites=sites)


def test_ids_that_come_and_go_are_no_anomaly_every_month() -> None:
    assert not anomalies(*(shifting(number, 200, 0.7) for number in range(8)))
    steady = [shifting(0, 200, 1.0).model_copy(update={"month": f"2024-0{m}"}) for m in (1, 2, 3)]
    exchanged = shifting(3, 200, 0.0)
    assert checks(*steady, exchanged) == [("warning", "distribution", "site")]


def test_few_values_that_change_every_month_become_usual() -> None:
    found = anomalies(*(shifting(number, 20, 0.7) for number in range(8)))
    assert {one.month for one in found} == {"2024-02"}


def test_rare_values_that_a_small_month_missed_are_not_new() -> None:
    seen = {"news": 0.8} | {f"rare{i}": 0.01 for i in range(20)}
    later = {"news": 0.85} | {f"other{i}": 0.01 for i in range(15)}
    assert ("warning", "new values", "site") not in checks(
        month("2024-01", rows=100, sites=seen), month(sites=later)
    )
    assert ("warning", "new values", "site") in checks(
        month("2024-01", sites=seen), month(sites=later)
    )


def test_creatives_come_and_go() -> None:
    months = [
        one.model_copy(update={"creative": "site"})
        for one in (BEFORE, month(sites={"a": 0.5, "b": 0.5}))
    ]
    assert not anomalies(*months)


def test_a_column_of_few_ads_counts_ads_and_not_rows() -> None:
    ads = {"effective_creatives": 12.0, "of_creative": ("site",)}
    sites = {"maps": 0.5, "news": 0.3, "sport": 0.2}
    before, after = BEFORE.model_copy(update=ads), month(sites=sites, **ads)
    assert not anomalies(before, after)
    assert anomalies(BEFORE, month(sites=sites))


@given(st.lists(st.integers(1, 1_000), min_size=2, max_size=5), st.data())
def test_distance_is_jensen_shannons(counts: list[int], data: st.DataObject) -> None:
    size = len(counts)
    others = data.draw(st.lists(st.integers(1, 1_000), min_size=size, max_size=size))
    pair = [
        month(
            rows=10**12,
            sites={str(i): count / sum(column) for i, count in enumerate(column)},
        )
        for column in (counts, others)
    ]
    expected = jensenshannon(counts, others, base=2)
    assert column_distance(*pair, "site").value == pytest.approx(expected, abs=1e-6)
    assert column_distance(pair[0], pair[0], "site").value == pytest.approx(0, abs=1e-6)


@given(st.floats(0.01, 0.99), st.floats(0.01, 0.99), st.integers(10, 10**6))
def test_what_is_apart_in_few_rows_is_apart_in_more(before: float, after: float, rows: int) -> None:
    for same in (same_share, same_rate):
        assert same(before, before, rows, rows)
        assert same(before, after, rows, rows) or not same(before, after, 100 * rows, 100 * rows)


def test_the_sample_logs_months_are_ordinary(sample_log: Any, tmp_path: Path) -> None:
    assert describe_log(sample_log, OPTIONS).anomalies == ()
    pair = {"2024-01": many(300), "2024-02": many(300, "2024-02")}
    assert describe_log(ingested(tmp_path, pair), OPTIONS).anomalies == ()
