"""A number for each id or row, the same on every machine: for buckets and for finding doubles."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from adclick.arrays import Array, UInt64

LONGEST_ID = 128  # characters
_WORD = 8


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
            hashes = _mixed(hashes ^ _bits(column.chunk(0)))
    return hashes


def _bits(column: pa.Array) -> UInt64:
    values: Array
    if pa.types.is_dictionary(column.type):
        values = hash_ids(column.dictionary)[column.indices.to_numpy()]
    else:
        # adding zero turns -0 into 0
        zero = 0.0 if pa.types.is_floating(column.type) else 0
        values = (column.to_numpy(zero_copy_only=False) + zero).view(np.uint64)
    return values


def _mixed(values: Array) -> UInt64:
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: UInt64 = (values ^ (values >> np.uint64(31))) + np.uint64(0x9E3779B97F4A7C15)
    return mixed
