"""Cells that can be no number or time, told by their bytes alone: far cheaper than a pattern."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from adclick.arrays import Array, Int32


class Alphabet:
    """The characters (ASCII) that cells of one kind are made of."""

    def __init__(self, characters: str) -> None:
        self._foreign = np.ones(256, bool)
        self._foreign[np.frombuffer(characters.encode("ascii"), np.uint8)] = False

    def kept(self, text: pa.Array) -> pa.Array:
        """The same texts (n,), null where one is empty or has a byte of another character.

        Arrow reads a column at once or, for one bad cell, not at all; nulls it passes over.
        """
        offsets = _offsets(text)
        good = np.diff(offsets) > 0
        data = text.buffers()[2]
        if data is not None:
            used = np.frombuffer(data, np.uint8)[offsets[0] : offsets[-1]]
            # half the time of an index: no byte is outside of the table
            foreign = np.take(self._foreign, used, mode="clip")
            places = np.flatnonzero(foreign) + offsets[0]
            good[np.searchsorted(offsets[1:], places, side="right")] = False
        if text.null_count:
            good &= _valid(text)
        bits = pa.py_buffer(np.packbits(good, bitorder="little"))
        return pa.Array.from_buffers(
            pa.string(), len(text), [bits, pa.py_buffer(offsets), data or pa.py_buffer(b"")]
        )


def is_plain(text: pa.Array) -> bool:
    """Whether no text has a space, a plus, or anything else than printable ASCII."""
    offsets, data = _offsets(text), text.buffers()[2]
    if data is None or offsets[0] == offsets[-1]:
        return True
    used = np.frombuffer(data, np.uint8)[offsets[0] : offsets[-1]]
    printable = ord(" ") < used.min() and used.max() < ord("\x7f")
    return bool(printable and not (used == ord("+")).any())


def _offsets(text: pa.Array) -> Int32:
    offsets: Int32 = np.frombuffer(text.buffers()[1], np.int32, len(text) + 1, 4 * text.offset)
    return offsets


def _valid(text: pa.Array) -> Array:
    return np.asarray(text.is_valid().to_numpy(zero_copy_only=False))
