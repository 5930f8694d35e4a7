"""Casting columns of text of which a few cells are not what they should be."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

SMALLEST = 64  # cells that are not cut again: reading each by itself costs no more


def cast_or_null(text: pa.Array, kind: pa.DataType) -> pa.Array:
    """The column as `kind`, null around cells that Arrow cannot read as that.

    Arrow reads a column at once or not at all: one that it refuses is cut in halves, so that of a
    long column with few bad cells nearly all is read at full speed. Look at what is null closer.
    """
    try:
        return pc.cast(text, kind)
    except pa.ArrowInvalid:
        if len(text) <= SMALLEST:
            return pa.nulls(len(text), kind)
        half = len(text) // 2
        parts = (text.slice(0, half), text.slice(half))
        return pa.concat_arrays([cast_or_null(part, kind) for part in parts])
