from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adclick.numbers import parse_number, parse_numbers


def one(text: str) -> float:
    """What parse_number reads, as parse_numbers would write it."""
    try:
        return parse_number(text)
    except ValueError:
        return float("nan")


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_written_float_is_read_back_to_its_last_bit(value: float) -> None:
    assert parse_numbers(pa.array([repr(value)]))[0] == value


@given(st.text("0123456789+-.eE_ ,xif\n٣", max_size=8))
@example("1e400")
@example("5.\n")
def test_a_column_and_a_request_read_the_same_number(text: str) -> None:
    np.testing.assert_equal(parse_numbers(pa.array([text]))[0], one(text))


@pytest.mark.parametrize(
    "text", ["", "n/a", "nan", "inf", "1_000", "1,5", "0x10", "٣", "True", "1 "]
)
def test_other_text_is_no_number(text: str) -> None:
    assert np.isnan(parse_numbers(pa.array([text]))[0])
    assert np.isnan(one(text))


@pytest.mark.parametrize(("text", "value"), [("+5", 5), (".5", 0.5), ("5.", 5), ("1e-3", 0.001)])
def test_numbers_may_be_written_as_programs_do(text: str, value: float) -> None:
    assert parse_numbers(pa.array([text]))[0] == one(text) == value
