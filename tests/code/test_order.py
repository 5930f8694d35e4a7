from __future__ import annotations

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adclick.evaluation import order
from adclick.evaluation.cut import Cut
from adclick.evaluation.measured import measure
from adclick.evaluation.metrics import Scored, metrics
from adclick.evaluation.order import in_falling_order
from adclick.evaluation.rows import Column, RowsWriter, ScoredRows, block_of

CUT = Cut(("site",), (("news", "mail", "maps"),), (np.arange(3, dtype=np.uint16),))


def written(rows: Scored, codes: np.ndarray, blocks: int) -> ScoredRows:
    """The rows on disk, in blocks."""
    with RowsWriter() as writer:
        for part in np.array_split(np.arange(len(codes)), blocks):
            some = rows.where(part)
            clusters = part % 7
            scores = {"a": some.score}
            writer.add(
                block_of(
                    some.clicks, some.impressions, scores, {"day": clusters}, {"site": codes[part]}
                )
            )
    return writer.rows(("a",), (Column("site", ("news", "mail", "maps")),), 7, "day")


@given(
    st.integers(1, 400),
    st.integers(1, 6),
    st.sampled_from([1, 3, 1000]),
    st.booleans(),
    st.integers(0, 1000),
)
def test_parts_hold_all_rows_in_falling_order(
    n: int, blocks: int, distinct: int, cut: bool, seed: int
) -> None:
    generator = np.random.default_rng(seed)
    score = generator.integers(0, distinct, n) / distinct
    shown = generator.integers(1, 5, n).astype(float)
    rows = Scored(np.floor(shown * generator.random(n)), shown, score)
    codes = generator.integers(0, 3, n).astype(np.int32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(order, "PART_ROWS", 50)
        stored = written(rows, codes, min(blocks, n))
        parts = list(in_falling_order(stored, "a", (CUT,) if cut else ()))
    for before, after in pairwise(parts):
        assert before[0].score[-1] > after[0].score[0]
    found = np.zeros((1000, 7, 3, 2))
    for ranked, slices in parts:
        assert (np.diff(ranked.score) <= 0).all()
        assert (np.diff(ranked.score[ranked.starts]) < 0).all()
        place = np.rint(ranked.score * distinct).astype(int), ranked.groups, *slices
        np.add.at(found[..., 0], place if cut else (*place, 0), ranked.clicks)
        np.add.at(found[..., 1], place if cut else (*place, 0), ranked.unclicked)
    expected = np.zeros_like(found)
    place = np.rint(score * distinct).astype(int), np.arange(n) % 7, codes if cut else 0
    np.add.at(expected[..., 0], place, rows.clicks)
    np.add.at(expected[..., 1], place, rows.impressions - rows.clicks)
    np.testing.assert_array_equal(found, expected)


@given(st.sampled_from([3, 10_000]), st.integers(0, 1000))
def test_metrics_of_parts_are_those_of_all_rows(distinct: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    n = 700
    score = generator.integers(1, distinct, n) / distinct
    rows = Scored((generator.random(n) < score).astype(float), np.ones(n), score)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(order, "PART_ROWS", 100)
        found = measure(written(rows, np.zeros(n, np.int32), 3), "a").metrics
    assert found == pytest.approx(metrics(rows), abs=1e-9, nan_ok=True)


def test_rows_that_are_alike_take_no_more_memory() -> None:
    n = 20_000
    rows = Scored(np.tile([1.0, 0.0], n // 2), np.ones(n), np.full(n, 0.25))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(order, "PART_ROWS", 1000)
        parts = list(in_falling_order(written(rows, np.zeros(n, np.int32), 20), "a"))
    assert sum(len(ranked.score) for ranked, _ in parts) <= 20 * 7


def test_what_was_written_can_be_read_twice() -> None:
    rows = Scored(np.array([1.0, 0.0]), np.ones(2), np.array([0.5, 0.25]))
    stored = written(rows, np.array([1, 2], np.int32), 2)
    for _ in range(2):
        assert [block.codes("site").tolist() for block in stored.blocks()] == [[1], [2]]
    assert isinstance(next(stored.read()), pa.RecordBatch)
