from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain, pairwise

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from adclick import adlog
from adclick.adlog import BUCKET, BUCKETS, AdLog, CreativeTable, RowSelection, row_schema
from tests.logs import ingested, many, schema_of

JANUARY, FEBRUARY = "2024-01", "2024-02"


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> AdLog:
    months = {JANUARY: many(200), FEBRUARY: many(100, FEBRUARY)}
    return ingested(tmp_path_factory.mktemp("adlog"), months)


def ids(log: AdLog, selection: RowSelection) -> Sequence[str]:
    """Ids with their month, in the log's order."""
    table = log.table(selection, ["id", "time"])
    return [f"{row['time']:%m} {row['id']}" for row in table.to_pylist()]


def test_everything_is_all_rows_in_order(log: AdLog) -> None:
    january = [f"01 i{i}" for i in range(200)]
    assert ids(log, log.everything()) == january + [f"02 i{i}" for i in range(100)]
    assert ids(log, log.everything(JANUARY)) == january


def test_a_table_has_the_logs_columns(log: AdLog) -> None:
    assert log.table(log.everything()).schema.equals(row_schema(log.ad_schema))


def test_columns_come_in_the_order_asked_for(log: AdLog) -> None:
    assert log.table(log.everything(), ["bid", "id"]).column_names == ["bid", "id"]


def test_batches_are_bounded(log: AdLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adlog, "BATCH_ROWS", 64)
    sizes = [batch.num_rows for batch in log.batches(log.everything())]
    assert max(sizes) <= 64
    assert sum(sizes) == 300


@pytest.mark.parametrize("columns", [None, ["id"]])
def test_no_row_is_an_empty_table_of_the_same_shape(log: AdLog, columns: list[str] | None) -> None:
    empty = log.table(RowSelection(months=("1999-01",)), columns)
    assert empty.num_rows == 0
    assert empty.schema == log.table(log.everything(), columns).schema


@given(st.lists(st.integers(1, BUCKETS - 1), max_size=4, unique=True).map(sorted))
def test_bucket_ranges_divide_the_rows(log: AdLog, cuts: list[int]) -> None:
    edges = [0, *cuts, BUCKETS]
    parts = [
        ids(log, RowSelection(months=log.month_names, first_bucket=first, end_bucket=end))
        for first, end in pairwise(edges)
    ]
    assert sorted(chain(*parts)) == sorted(ids(log, log.everything()))


@given(st.datetimes(datetime(2024, 1, 1), datetime(2024, 2, 28), timezones=st.just(UTC)))
def test_a_time_divides_the_rows(log: AdLog, boundary: datetime) -> None:
    before = RowSelection(months=log.month_names, until=boundary)
    after = RowSelection(months=log.month_names, since=boundary)
    times = log.table(before, ["time"]).column("time").to_pylist()
    assert all(time < boundary for time in times)
    assert sorted(ids(log, before) + ids(log, after)) == sorted(ids(log, log.everything()))


def test_since_is_within_and_until_is_not(log: AdLog) -> None:
    first = log.months[0].first
    only = RowSelection(months=(JANUARY,), since=first, until=first + timedelta(microseconds=1))
    times = log.table(only, ["time"]).column("time").to_pylist()
    assert set(times) == {first}
    assert ids(log, RowSelection(months=(JANUARY,), until=first)) == []


def test_conditions_hold_together(log: AdLog) -> None:
    middle = datetime(2024, 1, 15, tzinfo=UTC)
    both = RowSelection(months=(JANUARY,), since=middle, first_bucket=5000)
    late = set(ids(log, RowSelection(months=(JANUARY,), since=middle)))
    upper = set(ids(log, RowSelection(months=(JANUARY,), first_bucket=5000)))
    assert set(ids(log, both)) == late & upper


@pytest.mark.parametrize("buckets", [(-1, 10), (10, 10), (0, BUCKETS + 1), (BUCKETS, BUCKETS)])
def test_a_selection_of_no_bucket_is_refused(buckets: tuple[int, int]) -> None:
    with pytest.raises(ValidationError, match="no bucket"):
        RowSelection(months=(JANUARY,), first_bucket=buckets[0], end_bucket=buckets[1])


@pytest.mark.parametrize(
    ("selection", "words"),
    [
        (RowSelection(months=(JANUARY,)), "2024-01"),
        (RowSelection(months=(FEBRUARY, JANUARY)), "2024-01 to 2024-02"),
        (
            RowSelection(months=(JANUARY,), since=datetime(2024, 1, 5, tzinfo=UTC)),
            "2024-01, from 2024-01-05 00:00",
        ),
        (
            RowSelection(months=(JANUARY,), until=datetime(2024, 1, 5, tzinfo=UTC)),
            "2024-01, before 2024-01-05 00:00",
        ),
        (RowSelection(months=(JANUARY,), first_bucket=7500), "2024-01, 25% of ids"),
    ],
)
def test_a_selection_says_what_it_is(selection: RowSelection, words: str) -> None:
    assert selection.describe() == words


def test_a_handle_is_small_and_survives_json(log: AdLog) -> None:
    text = log.model_dump_json()
    assert len(text) < 10_000
    assert AdLog.model_validate_json(text) == log


def test_a_log_without_images_has_no_creatives(log: AdLog) -> None:
    assert log.creatives() is None


def test_creatives_are_found_by_id() -> None:
    table = CreativeTable(("a", "b"), None)  # type: ignore[arg-type]
    assert table.index(pa.array(["b", None, "x", "a"])).tolist() == [1, -1, -1, 0]


def test_the_rows_schema_has_a_column_for_each_feature() -> None:
    names = row_schema(schema_of()).names
    assert names == [
        *("id", "time", "site", "device", "age", "bid", "offset"),
        *("_impressions", "_clicks", BUCKET),
    ]
