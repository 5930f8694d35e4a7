"""How numbers are read from text, the same for a column of a file and for one request."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from adclick.arrays import Float64

LARGEST = 3.4e38  # a model computes in 32 bits, where more is infinite
PATTERN = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"


def parse_numbers(text: pa.Array) -> Float64:
    """Numbers (n,), NaN where a text is none, each the float that is nearest to its digits.

    Not with pandas, whose numbers are off by a last bit: a request would fall on the other side
    of a bucket's edge than the same row of the log.
    """
    try:
        numbers: Float64 = pc.cast(text, pa.float64()).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid:
        return _each_number(text)
    # the cast reads "inf" as it does "1e999"
    return numbers if np.isfinite(numbers).all() else _each_number(text)


def _each_number(text: pa.Array) -> Float64:
    digits = pc.if_else(pc.match_substring_regex(text, PATTERN), text, None)
    numbers = pc.fill_null(pc.cast(digits, pa.float64()), np.nan)
    return np.asarray(numbers.to_numpy(zero_copy_only=False))


def parse_number(text: str) -> float:
    """One number, equal to what `parse_numbers` reads; raises ValueError when the text is none."""
    if not re.match(PATTERN, text) or text.endswith("\n"):
        raise ValueError("no number")
    return float(text)
