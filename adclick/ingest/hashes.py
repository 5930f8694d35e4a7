"""A number for each id or row, the same on every machine: for buckets and for finding doubles."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from adclick.arrays import Array, UInt64

LONGEST_ID = 128  # characters
_WORD = 8
_ODD = np.uint64(0x9E3779B97F4A7C15)


def hash_ids(ids: pa.Array) -> UInt64:
    """A hash of each id (n,) uint64, from whole columns without a Python object for each.

    Eight bytes at a time through the finalizer of SplitMix64 (Steele, Lea and Flood 2014). Ids
    that differ only in trailing NUL characters may share a hash, as any two may once in 2^64.
    """
    lengths = pc.binary_length(ids).to_numpy(zero_copy_only=False)
    words = max(1, -(-int(lengths.max(initial=0)) // _WORD))
    padded = pc.ascii_rpad(ids, width=words * _WORD, padding="\0")
    text = np.frombuffer(padded.buffers()[2], "<u8", count=len(ids) * words)
    by_word = text.reshape(len(ids), words)
    hashes = _mixed(lengths.astype(np.uint64))
    for word in range(words):
        # words beyond an id's own end must not count: they depend on its neighbours
        there = lengths > word * _WORD
        hashes = np.where(there, _mixed(hashes ^ by_word[:, word]), hashes)
    return hashes


def hash_rows(rows: pa.Table) -> UInt64:
    """A hash of each row's values (n,) uint64; equal rows have equal ones, 0 being equal to -0.

    Columns are numbers, times, or text in dictionaries, whose distinct values are looked at once.
    """
    hashes = np.zeros(rows.num_rows, np.uint64)
    for column in rows.combine_chunks().columns:
        if rows.num_rows:
            # of values that are mixed, a product is enough to tell their order
            hashes = hashes * _ODD ^ _mixed_values(column.chunk(0))
    return hashes


def _mixed_values(column: pa.Array) -> UInt64:
    if pa.types.is_dictionary(column.type):
        of_values: Array = hash_ids(column.dictionary)
        return np.asarray(of_values[column.indices.to_numpy()])
    values: Array = column.to_numpy(zero_copy_only=False)
    if pa.types.is_floating(column.type):
        values = values + 0.0  # turns -0 into 0
    return _mixed(values.view(np.uint64))


def _mixed(values: Array) -> UInt64:
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: UInt64 = (values ^ (values >> np.uint64(31))) + _ODD
    return mixed
