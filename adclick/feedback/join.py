"""Joins clicks to predictions: every candidate gets its label once its waiting window is over."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from adclick.feedback.log import feedback_root
from adclick.feedback.partitions import partitioned
from adclick.prediction_log.names import (
    CANDIDATE,
    CLICKED,
    CLICKED_AT,
    MODEL_VERSION,
    REQUEST,
    SCORE,
)
from adclick.prediction_log.reading import answered, first_answers, first_of_each
from adclick.records.columns import OWN_TYPES, TIME, conform
from adclick.records.reading import EVERY_DAY, Days, read_records, size_of
from adclick.schema import Schema

PARTITION_BYTES = 8 * 1024 * 1024  # of Parquet; some fifty times as much in memory
MOST_PARTITIONS = 512  # files open at once
KEY = [REQUEST, CANDIDATE]


@dataclass(frozen=True)
class JoinCounts:
    """What a join found; predictions = labelled + pending.

    `predictions` are candidates, each once; `repeats` the answers that were left out for that.
    `clicked` of the `labelled` ones have the label 1. `told` are the different pieces of feedback:
    `orphans` belong to no prediction of these days, `late` ones are of a time after the window.
    `contradicted` candidates were told to be clicked and not to be, both within the window.
    """

    predictions: int = 0
    labelled: int = 0
    clicked: int = 0
    pending: int = 0
    repeats: int = 0
    told: int = 0
    orphans: int = 0
    late: int = 0
    contradicted: int = 0

    @property
    def line(self) -> str:
        """What is known of clicks, in words."""
        told = {
            "late": self.late,
            "contradicted": self.contradicted,
            "of no prediction of these days": self.orphans,
        }
        odd = "".join(f"; {count:,} {what}" for what, count in told.items() if count)
        return (
            f"{self.predictions:,} predictions: {self.clicked:,} clicked, "
            f"{self.labelled - self.clicked:,} not, {self.pending:,} await their click; "
            f"feedback on {self.told:,}{odd}"
        )

    def __add__(self, other: JoinCounts) -> JoinCounts:
        """The counts of both."""
        names = [field.name for field in fields(self)]
        return JoinCounts(*(getattr(self, name) + getattr(other, name) for name in names))


@dataclass(frozen=True)
class Joined:
    """Labelled and pending candidates of a part of the log, and its counts.

    `table` has the labelled ones: their features beside `_request`, `_candidate`, `_time`,
    `_model_version`, `_score` and `_clicked`. `pending` has those that still wait for their click,
    with the same columns but for the label. Both are ordered by request and candidate.
    """

    table: pa.Table
    pending: pa.Table
    counts: JoinCounts


def join_labels(
    prediction_log: str | Path,
    schema: Schema,
    *,
    window: timedelta,
    now: datetime,
    days: Days = EVERY_DAY,
    model_version: str | None = None,
    columns: pa.Schema | None = None,
    partition_bytes: int = PARTITION_BYTES,
) -> Iterator[Joined]:
    """The predictions that were answered on these days, with what was clicked of them, in parts.

    `columns` are those of the prediction log to read, with their types; by default the features are
    text, as ingestion reads them.

    A candidate is pending until `window` after its answer is over at `now`; then it is clicked if
    the last feedback on it says so, and not clicked if none does or nothing was told. The last is
    that with the latest time of its event, not of its arrival, no later than the window's end; of
    two at the same time the click. So the outcome does not depend on the order in which feedback
    came or on how often. A pending candidate has no label even if it was clicked already: the
    clicks of an open window without its no-clicks would be too many.
    """
    root = str(prediction_log)
    size = size_of(root, days)
    count = min(MOST_PARTITIONS, 1 + size // partition_bytes)
    columns = columns or _as_text(schema)
    predictions = (
        conform(answered(table, model_version), columns)
        for table in read_records(root, columns.names, days)
    )
    told_columns = pa.schema([(name, OWN_TYPES[name]) for name in (*KEY, CLICKED, CLICKED_AT)])
    told = (
        conform(table, told_columns)
        for table in read_records(feedback_root(root), told_columns.names, _told_on(days))
    )
    with tempfile.TemporaryDirectory(prefix="adclick-join-") as folder:
        parts = zip(
            partitioned(predictions, columns, count, Path(folder) / "predictions"),
            partitioned(told, told_columns, count, Path(folder) / "feedback"),
            strict=True,
        )
        for answers, feedback in parts:
            yield _join(answers, feedback, window, now)


def _told_on(days: Days) -> Days:
    # the clocks of two servers may differ around midnight
    return Days(since=days.since and days.since - timedelta(days=1))


def _as_text(schema: Schema) -> pa.Schema:
    # what another version's schema took for a number does no harm
    features = [(name, pa.string()) for name in schema.features]
    own = [(name, OWN_TYPES[name]) for name in (*KEY, TIME, MODEL_VERSION, SCORE)]
    return pa.schema([*features, *own])


def _join(answers: pa.Table, feedback: pa.Table, window: timedelta, now: datetime) -> Joined:
    predictions, repeats = first_answers(answers)
    waiting = pa.scalar(window, pa.duration("us"))
    ends = predictions.select(KEY).append_column("ends", pc.add(predictions[TIME], waiting))
    told = feedback.group_by([*KEY, CLICKED, CLICKED_AT]).aggregate([])
    known = told.join(ends, KEY, join_type="inner")
    in_time = known.filter(pc.less_equal(known[CLICKED_AT], known["ends"]))
    labels = _last_told(in_time)
    is_over = pc.less(ends["ends"], pa.scalar(now, OWN_TYPES[TIME]))
    closed, pending = predictions.filter(is_over), predictions.filter(pc.invert(is_over))
    table = closed.join(labels, KEY, join_type="left outer")
    table = _ordered(table.set_column(*_column(table, pc.fill_null(table[CLICKED], False))))
    counts = JoinCounts(
        predictions=predictions.num_rows,
        labelled=table.num_rows,
        clicked=pc.sum(table[CLICKED]).as_py() or 0,
        pending=pending.num_rows,
        repeats=repeats,
        told=told.num_rows,
        orphans=told.num_rows - known.num_rows,
        late=known.num_rows - in_time.num_rows,
        contradicted=_contradicted(in_time),
    )
    return Joined(table, pending, counts)


def _column(table: pa.Table, values: pa.ChunkedArray) -> tuple[int, str, pa.ChunkedArray]:
    return table.schema.get_field_index(CLICKED), CLICKED, values


def _ordered(table: pa.Table) -> pa.Table:
    return table.sort_by([(name, "ascending") for name in KEY])


def _last_told(feedback: pa.Table) -> pa.Table:
    order = [(CLICKED_AT, "descending"), (CLICKED, "descending")]
    ordered = feedback.sort_by([*((name, "ascending") for name in KEY), *order])
    return ordered.filter(first_of_each(ordered)).select([*KEY, CLICKED])


def _contradicted(feedback: pa.Table) -> int:
    said = feedback.group_by(KEY).aggregate([(CLICKED, "count_distinct")])
    return pc.sum(pc.greater(said[f"{CLICKED}_count_distinct"], 1)).as_py() or 0
