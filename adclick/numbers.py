"""How numbers are read from text, the same for a column of a file and for one request."""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

from adclick.alphabet import Alphabet
from adclick.arrays import Float64

LARGEST = 3.4e38  # a model computes in 32 bits, where more is infinite
PATTERN = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
DIGITS = Alphabet("0123456789+-.eE")


def parse_numbers(text: pa.Array) -> Float64:
    """Numbers (n,), NaN where a text is none, each the float that is nearest to its digits.

    Not with pandas, whose numbers are off by a last bit: a request would fall on the other side
    of a bucket's edge than the same row of the log.
    """
    digits = DIGITS.kept(text)
    try:
        numbers: Float64 = pc.cast(digits, pa.float64()).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid:
        return _each_number(digits)
    return numbers


def _each_number(text: pa.Array) -> Float64:
    matching = pc.if_else(pc.match_substring_regex(text, PATTERN), text, None)
    numbers: Float64 = pc.cast(matching, pa.float64()).to_numpy(zero_copy_only=False)
    return numbers


def parse_number(text: str) -> float:
    """One number, equal to what `parse_numbers` reads; raises ValueError when the text is none."""
    if not re.match(PATTERN, text) or text.endswith("\n"):
        raise ValueError("no number")
    return float(text)
