"""What a version answered, with what was clicked of it as far as that can be known yet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa

from adclick.feedback.join import JoinCounts, Joined, join_labels
from adclick.feedback.options import FeedbackOptions
from adclick.ingest.hashes import hash_ids
from adclick.prediction_log.names import CANDIDATE, CLICKED, REQUEST, SCORE
from adclick.prediction_log.reading import LoggedPredictions, prediction_columns
from adclick.records.columns import OWN_TYPES, TIME
from adclick.schema import Schema


@dataclass(frozen=True)
class LabelledPredictions(LoggedPredictions):
    """A version's predictions with their labels, and the counts of all that it answered.

    `table` has the schema's features (text and float64) beside `_request`, `_candidate`, `_score`,
    `_time` (of the answer) and `_clicked`: null while the click is still awaited, which is neither
    click nor no-click. It may be a sample; `counts` are of everything, exact.
    """

    counts: JoinCounts

    @property
    def labelled(self) -> pa.Table:
        """The rows of the table that are known to be clicked or not."""
        return self.table.filter(self.table[CLICKED].is_valid())


def read_labelled(
    root: str | Path,
    schema: Schema,
    model_version: str,
    options: FeedbackOptions,
    now: datetime,
) -> LabelledPredictions:
    """What `model_version` answered lately below `root` (a folder or fsspec URL), by request.

    Read once, in parts: the sample of `options.rows` rows and one part are in memory. The sample
    has the rows whose requests' hashes are lowest, so that it is the same on every machine and
    stays, but for what is new, the same as the log grows.
    """
    columns = prediction_columns(schema)
    parts = join_labels(
        root,
        schema,
        window=options.window,
        now=now,
        days=options.days_before(now),
        model_version=model_version,
        columns=columns,
    )
    wanted = [*schema.features, REQUEST, CANDIDATE, SCORE, TIME, CLICKED]
    types = {field.name: field.type for field in columns} | {CLICKED: OWN_TYPES[CLICKED]}
    sample = pa.schema([(name, types[name]) for name in wanted]).empty_table()
    counts = JoinCounts()
    for part in parts:
        sample = _lowest(pa.concat_tables([sample, *_rows(part, sample.schema)]), options.rows)
        counts += part.counts
    ordered = sample.sort_by([(REQUEST, "ascending"), (CANDIDATE, "ascending")])
    return LabelledPredictions(ordered, counts.repeats, counts)


def _rows(part: Joined, columns: pa.Schema) -> Iterable[pa.Table]:
    awaited = pa.nulls(part.pending.num_rows, OWN_TYPES[CLICKED])
    for table in (part.table, part.pending.append_column(CLICKED, awaited)):
        yield table.select(columns.names).cast(columns)


def _lowest(table: pa.Table, most: int) -> pa.Table:
    if table.num_rows <= most:
        return table
    hashes = hash_ids(table[REQUEST].combine_chunks())
    order = np.lexsort((table[CANDIDATE].to_numpy(), hashes))
    return table.take(order[:most]).combine_chunks()
