"""What monitoring reads of a prediction log: labels, what awaits one, exact counts, and samples."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings

from adclick.feedback.join import JoinCounts
from adclick.feedback.options import FeedbackOptions
from adclick.feedback.predictions import LabelledPredictions, read_labelled
from adclick.prediction_log.names import CANDIDATE, CLICKED, REQUEST, SCORE
from adclick.records.columns import TIME
from tests.code.test_label_join import (
    ANSWERS,
    SCHEMA,
    TOLD,
    Answer,
    Told,
    expected,
    minute,
    write_log,
)

HALF_AN_HOUR = FeedbackOptions(window_hours=0.5)


def read(
    root: Path, now: int, options: FeedbackOptions = HALF_AN_HOUR, version: str = "v1"
) -> LabelledPredictions:
    return read_labelled(root, SCHEMA, version, options, minute(now))


def keys(table: pa.Table) -> list[tuple[str, int]]:
    return list(zip(table[REQUEST].to_pylist(), table[CANDIDATE].to_pylist(), strict=True))


@given(answers=ANSWERS, told=TOLD)
@settings(max_examples=30, deadline=None)
def test_each_candidate_is_there_once_clicked_or_not_or_awaiting_its_click(
    answers: Sequence[Answer], told: Sequence[Told]
) -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        write_log(folder, answers, told)
        for now in (0, 45, 200):
            labels, counts = expected(answers, told, now)
            found = read(folder, now)
            said = dict(zip(keys(found.table), found.table[CLICKED].to_pylist(), strict=True))
            assert {key: label for key, label in said.items() if label is not None} == labels
            assert len(said) == found.table.num_rows == counts.predictions
            assert Counter(said.values())[None] == counts.pending
            assert (found.counts, found.repeats) == (counts, counts.repeats)
            assert found.labelled.num_rows == counts.labelled
    finally:
        shutil.rmtree(folder)


def test_a_click_that_came_before_the_window_is_over_is_no_label_yet(tmp_path: Path) -> None:
    write_log(tmp_path, [("r1", 1, 0), ("r2", 1, 0)], [("r1", 0, True, 5)])
    early, late = read(tmp_path, 30), read(tmp_path, 31)
    assert early.table[CLICKED].to_pylist() == [None, None]
    assert late.table[CLICKED].to_pylist() == [True, False]
    assert early.counts.line == (
        "2 predictions: 0 clicked, 0 not, 2 await their click; feedback on 1"
    )
    assert late.counts.line == "2 predictions: 1 clicked, 1 not, 0 await their click; feedback on 1"


def test_odd_feedback_is_said(tmp_path: Path) -> None:
    told = [("r1", 0, True, 5), ("r1", 0, False, 6), ("r1", 0, True, 50), ("who", 0, True, 5)]
    write_log(tmp_path, [("r1", 1, 0)], told)
    assert read(tmp_path, 60).counts.line.endswith(
        "feedback on 4; 1 late; 1 contradicted; 1 of no prediction of these days"
    )


def test_numbers_stay_numbers(tmp_path: Path) -> None:
    write_log(tmp_path, [("r1", 1, 0)], [])
    for now in (10, 60):
        table = read(tmp_path, now).table
        assert table["age"].type == table["price"].type == pa.float64()
        assert table["site"].type == pa.string()
        assert table.column_names[-5:] == [REQUEST, CANDIDATE, SCORE, TIME, CLICKED]


def test_a_sample_keeps_the_counts_of_everything_and_its_rows_as_the_log_grows(
    tmp_path: Path,
) -> None:
    answers = [(f"r{number}", 1, number % 40) for number in range(1_000)]
    options = FeedbackOptions(window_hours=0.5, rows=100)
    write_log(tmp_path / "half", answers[:500], [])
    write_log(tmp_path / "all", answers, [])
    half, whole = read(tmp_path / "half", 600, options), read(tmp_path / "all", 600, options)
    assert (half.counts.predictions, whole.counts.predictions) == (500, 1_000)
    assert (half.table.num_rows, whole.table.num_rows) == (100, 100)
    earlier = {key for key in keys(whole.table) if int(key[0][1:]) < 500}
    assert earlier < set(keys(half.table))
    assert keys(whole.table) == sorted(keys(whole.table))


def test_what_was_answered_long_ago_is_not_looked_at(tmp_path: Path) -> None:
    day = 24 * 60
    write_log(
        tmp_path, [("old", 1, -40 * day), ("new", 1, -2 * day)], [("old", 0, True, -40 * day)]
    )
    found = read(tmp_path, 0)
    assert keys(found.table) == [("new", 0)]
    assert (found.counts.predictions, found.counts.told) == (1, 0)
    assert read(tmp_path, 0, FeedbackOptions(days=60)).counts.predictions == 2


@pytest.mark.parametrize("version", ["v1", "other"])
def test_nothing_answered_is_an_empty_table(tmp_path: Path, version: str) -> None:
    if version == "other":
        write_log(tmp_path, [("r1", 1, 0)], [])
    found = read(tmp_path, 60, version=version)
    assert (found.table.num_rows, found.counts) == (0, JoinCounts())
