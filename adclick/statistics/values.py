"""A text column's values with impressions and clicks, by parts that are put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from adclick.arrays import Float64
from adclick.statistics.distinct import (
    Hashes,
    estimate_distinct,
    merge_hashes,
    no_hashes,
    smallest_hashes,
)

CAPACITY = 20_000


@dataclass(frozen=True)
class ValueSketch:
    """Impressions and clicks by value: exact up to CAPACITY values, of the most frequent beyond.

    `counts` has the columns value, impressions and clicks. Beyond CAPACITY the rarest are dropped,
    as in lossy counting (Manku and Motwani, VLDB 2002): the counts of a value are then too low by
    at most `undercount` impressions, and `dropped` remembers hashes of what is not listed.
    """

    counts: pa.Table
    undercount: int = 0
    dropped: Hashes = field(default_factory=no_hashes)

    @property
    def distinct(self) -> int:
        """Number of values: exact while none was dropped, see `estimate_distinct` beyond."""
        if not len(self.dropped):
            return int(self.counts.num_rows)
        listed = smallest_hashes(self.counts["value"].combine_chunks())
        return estimate_distinct(merge_hashes(listed, self.dropped))

    def top(self, most: int) -> pa.Table:
        """The values with most impressions, those first; equally frequent ones by name."""
        order = [("impressions", "descending"), ("value", "ascending")]
        return self.counts.sort_by(order).slice(0, most)


def sketch_values(
    encoded: pa.DictionaryArray, impressions: Float64, clicks: Float64
) -> ValueSketch:
    """The sketch of one batch's column: encoded text, impressions and clicks of each row, (n,).

    The dictionary may hold values that no row has, as one that batches of a file share does.
    """
    codes, size = encoded.indices.to_numpy(), len(encoded.dictionary)
    counts = pa.table(
        {
            "value": encoded.dictionary,
            "impressions": np.bincount(codes, impressions, size).astype(np.int64),
            "clicks": np.bincount(codes, clicks, size).astype(np.int64),
        }
    )
    return ValueSketch(counts.filter(pc.greater(counts["impressions"], 0)))


def merge_values(parts: Sequence[ValueSketch]) -> ValueSketch:
    """The sketch of all parts' rows: equal to one of the whole up to CAPACITY values."""
    merged = (
        pa.concat_tables([part.counts for part in parts])
        .group_by("value", use_threads=False)
        .aggregate([("impressions", "sum"), ("clicks", "sum")])
        .rename_columns(["value", "impressions", "clicks"])
    )
    undercount = sum(part.undercount for part in parts)
    dropped = merge_hashes(*(part.dropped for part in parts))
    if merged.num_rows <= CAPACITY:
        return ValueSketch(merged, undercount, dropped)
    return _most_frequent(merged, undercount, dropped)


def _most_frequent(counts: pa.Table, undercount: int, dropped: Hashes) -> ValueSketch:
    order = np.argsort(-counts["impressions"].to_numpy(), kind="stable")
    rare = counts.take(order[CAPACITY:])
    return ValueSketch(
        counts.take(order[:CAPACITY]),
        undercount + rare["impressions"][0].as_py(),
        merge_hashes(dropped, smallest_hashes(rare["value"].combine_chunks())),
    )
