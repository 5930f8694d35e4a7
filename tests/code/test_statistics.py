"""A month's statistics: parts put together are the whole, weighted by impressions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adclick import adlog
from adclick.adlog import AdLog
from adclick.errors import AdclickError
from adclick.statistics import values as values_module
from adclick.statistics.anomaly import AnomalyOptions
from adclick.statistics.describe import describe_month, summarize
from adclick.statistics.distinct import estimate_distinct, merge_hashes, smallest_hashes
from adclick.statistics.histogram import (
    BUCKETS,
    bucket_counts,
    bucket_of_quantiles,
    bucket_values,
)
from adclick.statistics.log import describe_log
from adclick.statistics.month import QUANTILES
from adclick.statistics.numbers import merge_numbers, sketch_numbers
from adclick.statistics.sketch import merge_sketches, sketch_rows
from adclick.statistics.values import ValueSketch, merge_values, sketch_values
from tests.logs import AGGREGATED, ingested, many, schema_of

JANUARY = "2024-01"
finite = st.floats(-3.4e38, 3.4e38)
weighted = st.lists(st.tuples(finite, st.integers(1, 1_000)), min_size=1, max_size=60)
cuts = st.lists(st.integers(1, 59), max_size=4, unique=True).map(sorted)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> AdLog:
    return ingested(tmp_path_factory.mktemp("log"), {JANUARY: many(300)})


@pytest.fixture(scope="module")
def aggregated(tmp_path_factory: pytest.TempPathFactory) -> AdLog:
    rows = [
        {**row, "shown": str(1 + i % 5 * 10), "clicks": str(i % 2)}
        for i, row in enumerate(many(300))
    ]
    for row in rows:
        del row["clicked"]
    folder = tmp_path_factory.mktemp("aggregated")
    return ingested(folder, {JANUARY: rows}, schema_of(AGGREGATED))


def parts_of(count: int, edges: Sequence[int]) -> list[slice]:
    inner = [edge for edge in edges if edge < count]
    return [slice(*ends) for ends in pairwise([0, *inner, count])]


@given(weighted, cuts)
def test_numbers_in_parts_are_the_whole(rows: list[tuple[float, int]], edges: list[int]) -> None:
    numbers, weights = (np.array(column, np.float64) for column in zip(*rows, strict=True))
    whole = sketch_numbers(numbers, weights)
    parts = [sketch_numbers(numbers[p], weights[p]) for p in parts_of(len(rows), edges)]
    merged = merge_numbers(parts)
    assert np.array_equal(merged.buckets, whole.buckets)
    assert (merged.weight, merged.least, merged.most) == (whole.weight, whole.least, whole.most)
    size = np.abs(numbers).max()
    assert merged.mean == pytest.approx(whole.mean, rel=1e-9, abs=1e-9 * size)
    assert merged.squares == pytest.approx(whole.squares, rel=1e-6, abs=1e-9 * size**2)
    repeated = np.repeat(numbers, weights.astype(int))
    assert whole.deviation == pytest.approx(repeated.std(), rel=1e-6, abs=1e-9 * size)


@given(weighted)
def test_quantiles_are_those_of_impressions_within_a_64th(rows: list[tuple[float, int]]) -> None:
    numbers, weights = (np.array(column, np.float64) for column in zip(*rows, strict=True))
    shares = np.array(QUANTILES)
    found = bucket_values(bucket_of_quantiles(bucket_counts(numbers, weights), shares))
    repeated = np.sort(np.repeat(numbers.astype(np.float32), weights.astype(int)))
    exact = repeated[np.ceil(shares * len(repeated)).astype(int) - 1].astype(float)
    assert np.all(np.abs(found - exact) <= np.abs(exact) / 64 + 1e-39)


@given(st.integers(-128, 128))
def test_small_whole_numbers_have_a_bucket_each(number: int) -> None:
    counts = bucket_counts(np.array([number], np.float64), np.ones(1))
    assert counts.shape == (BUCKETS,)
    assert bucket_values(np.flatnonzero(counts)).tolist() == [number]


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(1, 9)), min_size=1), cuts)
def test_values_in_parts_are_the_whole(rows: list[tuple[str, int]], edges: list[int]) -> None:
    merged = merge_values([values_of(rows[part]) for part in parts_of(len(rows), edges)])
    expected: Counter[str] = Counter()
    for value, impressions in rows:
        expected[value] += impressions
    top = merged.top(10)
    assert dict(zip(*top.select(["value", "impressions"]).to_pydict().values(), strict=True)) == (
        expected
    )
    assert top["impressions"].to_pylist() == sorted(expected.values(), reverse=True)
    assert top["clicks"].to_pylist() == [expected[v] - count_of(rows, v) for v in names(top)]
    assert (merged.distinct, merged.undercount) == (len(expected), 0)


def values_of(rows: Sequence[tuple[str, int]]) -> ValueSketch:
    impressions = np.array([count for _, count in rows], np.float64)
    text = pa.array([value for value, _ in rows]).dictionary_encode()
    return sketch_values(text, impressions, impressions - 1)


def names(table: pa.Table) -> list[str]:
    return list(table["value"].to_pylist())


def count_of(rows: Sequence[tuple[str, int]], value: str) -> int:
    return sum(one == value for one, _ in rows)


def test_values_that_no_row_has_are_not_counted() -> None:
    shared = pa.DictionaryArray.from_arrays(pa.array([1, 1, 3]), pa.array(["a", "b", "c", "d"]))
    found = sketch_values(shared, np.array([5.0, 1, 2]), np.array([1.0, 0, 2]))
    assert found.counts.to_pylist() == [
        {"value": "b", "impressions": 6, "clicks": 1},
        {"value": "d", "impressions": 2, "clicks": 2},
    ]


def test_beyond_capacity_frequent_values_stay_and_errors_are_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(values_module, "CAPACITY", 500)
    drawn = np.random.default_rng(1).zipf(1.3, 200_000) % 50_000
    parts = [values_of([(f"v{n}", 1) for n in part]) for part in np.split(drawn, 40)]
    merged = parts[0]
    for part in parts[1:]:
        merged = merge_values([merged, part])
    exact = Counter(f"v{n}" for n in drawn)
    assert merged.counts.num_rows == 500
    assert merged.distinct == pytest.approx(len(exact), rel=0.07)
    assert 0 < merged.undercount < 0.005 * len(drawn)
    for value, count in zip(*merged.top(50).select([0, 1]).to_pydict().values(), strict=True):
        assert 0 <= exact[value] - count <= merged.undercount
    assert names(merged.top(5)) == [value for value, _ in exact.most_common(5)]


@given(st.lists(st.lists(st.integers(0, 10**6), max_size=50), min_size=1, max_size=5))
def test_hashes_in_parts_are_those_of_the_whole(parts: list[list[int]]) -> None:
    hashed = [smallest_hashes(pa.array([str(n) for n in part], pa.string())) for part in parts]
    distinct = {number for part in parts for number in part}
    assert estimate_distinct(merge_hashes(*hashed)) == len(distinct)


def test_a_month_in_parts_is_the_month_whatever_its_batches(
    aggregated: AdLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema, (month,) = aggregated.ad_schema, aggregated.months
    whole = describe_month(aggregated, JANUARY)
    assert describe_month(aggregated, JANUARY).model_dump_json() == whole.model_dump_json()
    rows = aggregated.table(aggregated.everything()).combine_chunks().to_batches()[0]
    parts = [sketch_rows(rows.slice(start, 37), schema, JANUARY) for start in range(0, 300, 37)]
    merged = summarize(merge_sketches([merge_sketches(parts[:4]), *parts[4:]]), month, None)
    monkeypatch.setattr(adlog, "BATCH_ROWS", 23)
    for other in (merged, describe_month(aggregated, JANUARY)):
        for name in whole.numeric:
            theirs, ours = other.numeric[name], whole.numeric[name]
            assert theirs.mean == pytest.approx(ours.mean)
            assert theirs.deviation == pytest.approx(ours.deviation)
            rounded = {"mean": ours.mean, "deviation": ours.deviation}
            assert theirs.model_copy(update=rounded) == ours
        assert other.model_copy(update={"numeric": whole.numeric}) == whole


def test_an_aggregated_log_is_the_log_of_its_impressions(aggregated: AdLog) -> None:
    found = describe_month(aggregated, JANUARY)
    table = aggregated.table(aggregated.everything()).to_pandas()
    shown, clicked = table["_impressions"], table["_clicks"]
    assert (found.rows, found.impressions) == (300, shown.sum())
    assert found.clicks == clicked.sum() == sum(found.clicks_by_day) == sum(found.clicks_by_hour)
    assert found.effective_rows == pytest.approx(shown.sum() ** 2 / (shown**2).sum())
    site = shown.groupby(table["site"]).sum()
    assert dict(zip(found.text["site"].values, found.text["site"].impressions, strict=True)) == (
        site.to_dict()
    )
    bid, offset = found.numeric["bid"], found.numeric["offset"]
    repeated = np.repeat(table["bid"].to_numpy(), shown)
    assert bid.mean == pytest.approx(repeated.mean())
    assert bid.quantiles[3] == np.quantile(repeated, 0.5, method="inverted_cdf")
    assert sum(bid.counts) == found.impressions
    assert offset.zeros == shown[table["offset"] == 0].sum()
    days = shown.groupby(table["time"].dt.day).sum()
    assert [found.impressions_by_day[day - 1] for day in days.index] == days.tolist()
    hours = shown.groupby(table["time"].dt.hour).sum()
    assert [found.impressions_by_hour[hour] for hour in hours.index] == hours.tolist()


def test_missing_counts_defaults_and_empty_cells_in_quarantine(tmp_path: Path) -> None:
    rows = many(60)
    for row in rows[:6]:
        row["site"] = ""
    found = describe_month(ingested(tmp_path, {JANUARY: rows}), JANUARY)
    assert (found.text["site"].missing, found.text["site"].defaults) == (6, 0)
    assert found.text["age"].missing == found.text["age"].defaults == 18
    assert (found.rows, found.rows_in) == (54, 60)


def test_single_rows_are_worth_themselves_and_columns_of_an_ad_its_ads(
    log: AdLog, sample_log: AdLog
) -> None:
    found = describe_month(log, JANUARY)
    assert found.effective_rows == found.rows == found.independent("site")
    assert (found.effective_creatives, found.of_creative) == (None, ())
    sample = describe_month(sample_log, sample_log.month_names[0])
    assert {"advertiser", "category"} <= set(sample.of_creative)
    assert not {"site", "device", "bid"} & set(sample.of_creative)
    assert sample.independent("advertiser") < 12 < sample.independent("site")


def test_a_month_that_is_not_there_is_an_error(log: AdLog) -> None:
    with pytest.raises(AdclickError, match="no month 1999-01, but 2024-01"):
        describe_month(log, "1999-01")


def test_a_logs_months_are_in_order(sample_log: AdLog) -> None:
    found = describe_log(sample_log, AnomalyOptions())
    assert tuple(month.month for month in found.months) == sample_log.month_names
    assert [m.impressions for m in found.months] == [m.impressions for m in sample_log.months]
