from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from adclick.adlog import AdLog, RowSelection
from adclick.errors import AdclickError
from adclick.splitting import Split, SplitOptions, split_by_time
from tests.logs import ingested, many, schema_of

MONTHS = ("2024-01", "2024-02", "2024-03")
HOLDOUT = schema_of(holdout={"calibration": 0.1, "test": 0.25})


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> AdLog:
    months = {month: many(100, month) for month in MONTHS}
    return ingested(tmp_path_factory.mktemp("split"), months)


@pytest.fixture(scope="module")
def one_month(tmp_path_factory: pytest.TempPathFactory) -> AdLog:
    return ingested(tmp_path_factory.mktemp("one"), {"2024-01": many(2000)}, HOLDOUT)


def parts(log: AdLog, split: Split) -> list[set[tuple[str, str]]]:
    """(month, id) of the training, calibration and test rows."""

    def rows(selection: RowSelection) -> set[tuple[str, str]]:
        table = log.table(selection, ["time", "id"]).to_pylist()
        return {(f"{row['time']:%Y-%m}", row["id"]) for row in table}

    return [rows(part) for part in (split.training, split.calibration, split.test)]


def assert_all_rows_once(log: AdLog, found: Sequence[set[tuple[str, str]]]) -> None:
    assert all(not left & right for left, right in combinations(found, 2))
    assert sum(map(len, found)) == sum(month.rows_kept for month in log.months)


def test_the_last_month_tests_and_the_end_before_it_calibrates(log: AdLog) -> None:
    split = split_by_time(log, SplitOptions(calibration_share=0.25))
    training, calibration, test = parts(log, split)
    assert {month for month, _ in test} == {"2024-03"}
    assert {month for month, _ in calibration} == {"2024-02"}
    assert {month for month, _ in training} == {"2024-01", "2024-02"}
    assert split.training.until == split.calibration.since


def test_calibration_begins_at_its_share_of_the_time(log: AdLog) -> None:
    boundary = split_by_time(log, SplitOptions(calibration_share=0.25)).calibration.since
    first, last = log.months[0].first, log.months[1].last
    assert boundary is not None
    assert (last - boundary) / (last - first) == pytest.approx(0.25)


@settings(max_examples=15)
@given(share=st.floats(0.01, 0.49))
def test_parts_have_no_row_in_common_and_miss_none(log: AdLog, share: float) -> None:
    found = parts(log, split_by_time(log, SplitOptions(calibration_share=share)))
    assert_all_rows_once(log, found)
    assert all(found)


def test_a_single_month_is_split_by_id(one_month: AdLog) -> None:
    found = parts(one_month, split_by_time(one_month, SplitOptions()))
    assert_all_rows_once(one_month, found)
    assert [len(part) / 2000 for part in found] == pytest.approx([0.65, 0.1, 0.25], abs=0.03)


def test_the_same_ids_are_held_out_when_rows_are_added(one_month: AdLog, tmp_path: Path) -> None:
    fewer = ingested(tmp_path, {"2024-01": many(500)}, HOLDOUT)
    _, _, test = parts(fewer, split_by_time(fewer, SplitOptions()))
    _, _, later_test = parts(one_month, split_by_time(one_month, SplitOptions()))
    assert test < later_test


def test_a_single_month_without_a_holdout_says_what_to_do(tmp_path: Path) -> None:
    log = ingested(tmp_path, {"2024-01": many(10)})
    with pytest.raises(AdclickError, match=r"one month, 2024-01, .*or declare `holdout`"):
        split_by_time(log, SplitOptions())


@pytest.mark.parametrize("share", [0, 0.5, -1])
def test_calibration_takes_less_than_half(share: float) -> None:
    with pytest.raises(ValidationError):
        SplitOptions(calibration_share=share)


def test_a_test_month_that_was_trained_on_is_refused() -> None:
    january = RowSelection(months=("2024-01",))
    with pytest.raises(ValidationError, match="not apart"):
        Split(training=january, calibration=january, test=january)
