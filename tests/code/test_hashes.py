from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from adclick.ingest.hashes import hash_rows

VALUES = (st.sampled_from(["", "a", "b", "a much longer text"]), st.sampled_from([0.0, -0.0, 1.5]))
ROWS = st.lists(st.tuples(*VALUES, st.integers(0, 2)), max_size=12)


def hashes(rows: list[tuple[str, float, int]]) -> list[int]:
    texts, floats, whole = zip(*rows, strict=True) if rows else ((), (), ())
    text = pa.array(texts, pa.string()).dictionary_encode()
    columns = [text, pa.array(floats, pa.float64()), pa.array(whole, pa.int64())]
    return hash_rows(pa.table(columns, names=["text", "float", "whole"])).tolist()


@given(ROWS)
def test_rows_have_the_same_hash_just_when_they_are_equal(
    rows: list[tuple[str, float, int]],
) -> None:
    assert len(set(hashes(rows))) == len(set(rows))


@given(ROWS)
def test_a_hash_does_not_depend_on_other_rows(rows: list[tuple[str, float, int]]) -> None:
    assert hashes(rows) == [only for row in rows for only in hashes([row])]


def test_the_order_of_columns_counts() -> None:
    one = pa.table({"a": pa.array([1, 2]), "b": pa.array([2, 1])})

    first, second = hash_rows(one).tolist()

    assert first != second
