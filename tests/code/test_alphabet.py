from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from adclick.alphabet import Alphabet, is_plain

CELLS = st.lists(st.none() | st.text("01.ab+~ é\0\x7f", max_size=5))


@given(CELLS, st.integers(0, 5), st.integers(0, 5))
def test_cells_of_other_characters_are_no_longer_there(
    cells: list[str | None], start: int, length: int
) -> None:
    column = pa.array(cells, pa.string()).slice(start, length)
    expected = [cell if cell and set(cell) <= set("01.") else None for cell in column.to_pylist()]

    kept = Alphabet("01.").kept(column)

    kept.validate(full=True)
    assert kept.to_pylist() == expected


@given(CELLS, st.integers(0, 5), st.integers(0, 5))
def test_plain_texts_have_neither_spaces_nor_pluses(
    cells: list[str | None], start: int, length: int
) -> None:
    column = pa.array([cell or "" for cell in cells], pa.string()).slice(start, length)

    assert is_plain(column) == all(
        "!" <= character <= "~" and character != "+"
        for cell in column.to_pylist()
        for character in cell
    )
