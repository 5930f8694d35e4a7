"""Labels joined to predictions: against a plain model of the rules, and the rules one by one."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adclick.feedback import Feedback, FeedbackLogWriter, feedback_root
from adclick.feedback.join import JoinCounts, join_labels
from adclick.prediction_log import CANDIDATE, MODEL_VERSION, REQUEST, SCORE, PredictionLogWriter
from adclick.prediction_log.names import CLICKED, CLICKED_AT
from adclick.records.columns import OWN_TYPES, TIME
from adclick.records.reading import Days
from tests.bundles import example, tiny_schema
from tests.records import by_column

SCHEMA = tiny_schema()
BEGIN = datetime(2026, 4, 13, 23, 59, tzinfo=UTC)
WINDOW = timedelta(minutes=30)

Answer = tuple[str, int, int]  # request, how many candidates, minute
Told = tuple[str, int, bool, int]  # request, candidate, clicked, minute


def minute(number: int) -> datetime:
    return BEGIN + timedelta(minutes=number)


def write_part(root: str | Path, name: str, rows: Sequence[dict[str, Any]]) -> None:
    """Rows as parts of a log, each in the part of its day."""
    for day in {row[TIME].date() for row in rows}:
        path = Path(root) / f"day={day}" / f"{name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        table = pa.Table.from_pylist([row for row in rows if row[TIME].date() == day])
        types = {
            name: OWN_TYPES.get(name, table.schema.field(name).type) for name in table.column_names
        }
        pq.write_table(table.cast(pa.schema(list(types.items()))), path)


def write_log(root: Path, answers: Sequence[Answer], told: Sequence[Told]) -> None:
    predictions = [
        {
            **example(),
            REQUEST: request,
            CANDIDATE: n,
            TIME: minute(at),
            MODEL_VERSION: "v1",
            SCORE: at / 100,
        }
        for request, candidates, at in answers
        for n in range(candidates)
    ]
    write_part(root, "a", predictions)
    for number, (request, candidate, clicked, at) in enumerate(told):
        row = {REQUEST: request, CANDIDATE: candidate, CLICKED: clicked, CLICKED_AT: minute(at)}
        write_part(feedback_root(root), str(number), [{**row, TIME: minute(at + number % 3)}])


def joined(root: Path, now: int, **changes: Any) -> tuple[dict[tuple[str, int], bool], JoinCounts]:
    parts = list(join_labels(root, SCHEMA, window=WINDOW, now=minute(now), **changes))
    rows = [row for part in parts for row in part.table.to_pylist()]
    labels = {(row[REQUEST], row[CANDIDATE]): row[CLICKED] for row in rows}
    assert len(labels) == len(rows)
    for part in parts:
        waiting = {(row[REQUEST], row[CANDIDATE]) for row in part.pending.to_pylist()}
        assert len(waiting) == part.pending.num_rows == part.counts.pending
        assert waiting.isdisjoint(labels)
    return labels, sum((part.counts for part in parts), JoinCounts())


def expected(
    answers: Sequence[Answer], told: Sequence[Told], now: int
) -> tuple[dict[tuple[str, int], bool], JoinCounts]:
    """The rules in plain Python."""
    all_answers = [((request, n), at) for request, count, at in answers for n in range(count)]
    first: dict[tuple[str, int], int] = {}
    for key, at in all_answers:
        first[key] = min(at, first.get(key, at))
    distinct = set(told)
    known = [t for t in distinct if t[:2] in first]
    in_time = [t for t in known if t[3] <= first[t[:2]] + 30]
    last: dict[tuple[str, int], tuple[int, bool]] = {}
    for request, candidate, clicked, at in in_time:
        key = (request, candidate)
        last[key] = max((at, clicked), last.get(key, (at, clicked)))
    labels = {key: last.get(key, (0, False))[1] for key, at in first.items() if at + 30 < now}
    both = {t[:2] for t in in_time if t[2]} & {t[:2] for t in in_time if not t[2]}
    counts = JoinCounts(
        predictions=len(first),
        labelled=len(labels),
        clicked=sum(labels.values()),
        pending=len(first) - len(labels),
        repeats=len(all_answers) - len(first),
        told=len(distinct),
        orphans=len(distinct) - len(known),
        late=len(known) - len(in_time),
        contradicted=len(both),
    )
    return labels, counts


REQUESTS = st.sampled_from(["r1", "r2", "r3", "r4"])
ANSWERS = st.lists(st.tuples(REQUESTS, st.integers(1, 3), st.integers(0, 60)), max_size=6)
TOLD = st.lists(
    st.tuples(REQUESTS | st.just("stray"), st.integers(0, 3), st.booleans(), st.integers(0, 95)),
    max_size=12,
)


@given(answers=ANSWERS, told=TOLD, now=st.integers(0, 120), data=st.data())
@settings(max_examples=40, deadline=None)
def test_the_join_follows_the_rules_however_often_and_in_whichever_order_feedback_comes(
    answers: list[Answer], told: list[Told], now: int, data: st.DataObject
) -> None:
    again = [*told, *data.draw(st.lists(st.sampled_from(told), max_size=4))] if told else told
    came = data.draw(st.permutations(again))
    folder = Path(tempfile.mkdtemp())
    try:
        write_log(folder, answers, came)
        labels, counts = joined(folder, now)
        assert (labels, counts) == expected(answers, told, now)
        assert counts.predictions == counts.labelled + counts.pending
        assert joined(folder, now, partition_bytes=2_000) == (labels, counts)
    finally:
        shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("told", "clicked"),
    [
        ([], False),
        ([("r1", 0, True, 5)], True),
        ([("r1", 0, True, 5), ("r1", 0, False, 9)], False),
        ([("r1", 0, False, 9), ("r1", 0, True, 9)], True),
        ([("r1", 0, True, 30)], True),
        ([("r1", 0, True, 31)], False),
        ([("r1", 0, True, 5), ("r1", 0, False, 31)], True),
        ([("r1", 1, True, 5), ("r2", 0, True, 5)], False),
    ],
    ids=str,
)
def test_the_last_word_within_the_window_is_the_label(
    tmp_path: Path, told: list[Told], clicked: bool
) -> None:
    write_log(tmp_path, [("r1", 1, 0)], told)
    assert joined(tmp_path, 31)[0] == {("r1", 0): clicked}
    assert joined(tmp_path, 30) == ({}, replace(joined(tmp_path, 30)[1], labelled=0, pending=1))


def test_days_choose_predictions_and_feedback_may_come_on_any_other(tmp_path: Path) -> None:
    write_log(tmp_path, [("r1", 1, 0), ("r2", 1, 1)], [("r1", 0, True, 20)])
    labels, counts = joined(tmp_path, 600, days=Days(until=date(2026, 4, 14)))
    assert (labels, counts.orphans) == ({("r1", 0): True}, 0)
    labels, counts = joined(tmp_path, 600, days=Days(since=date(2026, 4, 14)))
    assert (labels, counts.orphans) == ({("r2", 0): False}, 1)


def test_what_real_writers_logged_is_joined(tmp_path: Path) -> None:
    predictions, feedback = (
        PredictionLogWriter(tmp_path),
        FeedbackLogWriter(feedback_root(tmp_path)),
    )
    # an older version's schema may have had a text where there is a number now
    rows = [example(age="young"), example(age=7.5)]
    predictions.append("r1", "v0", by_column(rows), [0.1, 0.2])
    predictions.append("golden-1", "v1", by_column(rows[:1]), [0.1])
    feedback.append([Feedback("r1", 1, True)])
    feedback.close()
    predictions.close()
    now = datetime.now(UTC) + timedelta(hours=1)
    (part,) = join_labels(tmp_path, SCHEMA, window=WINDOW, now=now)
    assert part.table[CLICKED].to_pylist() == [False, True]
    assert part.table["age"].to_pylist() == ["young", "7.5"]
    assert part.counts == JoinCounts(predictions=2, labelled=2, clicked=1, told=1)
    (part,) = join_labels(tmp_path, SCHEMA, window=WINDOW, now=now, model_version="v1")
    assert part.counts == JoinCounts(told=1, orphans=1)


def test_no_log_yet_joins_to_nothing(tmp_path: Path) -> None:
    assert joined(tmp_path / "none", 600) == ({}, JoinCounts())
