"""Rows of any number in order of a model's score, with flat memory: a sample sort on disk.

Exact where a sketch of scores would not do. Bounds from a sample part the rows into about equal
ranges of score; each is sorted in memory when its turn comes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike

from adclick.arrays import Array, Float64
from adclick.evaluation.cut import Cut
from adclick.evaluation.ranking import Ranked
from adclick.evaluation.rows import Block, ScoredRows

PART_ROWS = 500_000
SAMPLED = 200  # scores a part


@dataclass(frozen=True)
class _Rows:
    """Rows in any order: score, clicks, unclicked (3, n); groups (n,); slices by cut (c, n)."""

    floats: Float64
    groups: Array
    codes: Array

    def take(self, chosen: Array | slice) -> _Rows:
        return _Rows(self.floats[:, chosen], self.groups[chosen], self.codes[:, chosen])

    def sorted(self) -> _Rows:
        return self.take(np.argsort(self.floats[0]))

    def packed(self) -> bytes:
        records = np.empty(len(self.groups), _record(len(self.codes)))
        records["floats"], records["groups"] = self.floats.T, self.groups
        records["codes"] = self.codes.T
        return records.tobytes()


def _record(cuts: int) -> DTypeLike:
    return [("floats", "f8", (3,)), ("groups", "u2"), ("codes", "u2", (cuts,))]


def in_falling_order(
    rows: ScoredRows, model: str, cuts: Sequence[Cut] = ()
) -> Iterator[tuple[Ranked, Array]]:
    """The rows by falling score of a model, part by part, with their slices by cut (c, n).

    A part has about PART_ROWS rows, and never some rows of a score without the others: one score
    of more rows than that takes as much memory as they do, unless there are no cuts.
    """
    parts = -(-rows.count // PART_ROWS)
    if parts == 1:
        yield _falling(_together([_rows_of(block, model, cuts) for block in rows.blocks()]))
        return
    bounds = _bounds(rows, model, parts)
    with tempfile.TemporaryDirectory(prefix="adclick-order-") as folder:
        paths = [Path(folder) / str(number) for number in range(parts)]
        for block in rows.blocks():
            _spill(_rows_of(block, model, cuts), bounds, paths)
        for path in reversed(paths):
            if path.exists():
                yield _falling(_unpacked(path, len(cuts)))
                path.unlink()


def _rows_of(block: Block, model: str, cuts: Sequence[Cut]) -> _Rows:
    clicks = block.clicks
    floats = np.array([block.score(model), clicks, block.impressions - clicks])
    codes = np.array([cut.codes(block) for cut in cuts], np.uint16)
    return _Rows(floats, block.groups.astype(np.uint16), codes.reshape(len(cuts), len(clicks)))


def _bounds(rows: ScoredRows, model: str, parts: int) -> Float64:
    step = max(1, rows.count // (parts * SAMPLED))
    # copies: a part of a block would keep all of it in memory
    sample = np.concatenate([block.score(model)[::step].copy() for block in rows.blocks()])
    return np.asarray(np.quantile(sample, np.linspace(0, 1, parts + 1)[1:-1]))


def _spill(rows: _Rows, bounds: Float64, paths: Sequence[Path]) -> None:
    ordered = rows.sorted() if len(rows.codes) else _alike_together(rows.sorted())
    ends = [*np.searchsorted(ordered.floats[0], bounds), len(ordered.groups)]
    start = 0
    for path, end in zip(paths, ends, strict=True):
        if end > start:
            with path.open("ab") as file:
                file.write(ordered.take(slice(start, end)).packed())
        start = end


def _alike_together(rows: _Rows) -> _Rows:
    """Rows of one score and group as one, where that saves something."""
    score = rows.floats[0]
    if np.count_nonzero(score[1:] != score[:-1]) > len(score) // 2:
        return rows
    rows = rows.take(np.lexsort((rows.groups, score)))
    score, groups = rows.floats[0], rows.groups
    new = (score[1:] != score[:-1]) | (groups[1:] != groups[:-1])
    starts = np.concatenate([[0], np.flatnonzero(new) + 1])
    counts = np.add.reduceat(rows.floats[1:], starts, axis=1)
    return _Rows(np.vstack([score[starts], counts]), groups[starts], rows.codes[:, starts])


def _unpacked(path: Path, cuts: int) -> _Rows:
    records = np.fromfile(path, _record(cuts))
    floats, codes = records["floats"], records["codes"]
    return _Rows(np.ascontiguousarray(floats.T), records["groups"], np.ascontiguousarray(codes.T))


def _together(parts: Sequence[_Rows]) -> _Rows:
    return _Rows(
        np.concatenate([part.floats for part in parts], axis=1),
        np.concatenate([part.groups for part in parts]),
        np.concatenate([part.codes for part in parts], axis=1),
    )


def _falling(rows: _Rows) -> tuple[Ranked, Array]:
    falling = rows.take(np.argsort(rows.floats[0])[::-1])
    score, clicks, unclicked = falling.floats
    return Ranked.of(score, clicks, unclicked, falling.groups), falling.codes
