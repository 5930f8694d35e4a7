"""Ids that a month has more than once: found in flat memory, decided without regard to order.

Rows that are alike in every column are one row, of which the first in the order of files and lines
is kept. Where rows of one id differ, nothing says which is true: none is kept.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from adclick.adlog import BUCKET
from adclick.arrays import Int64, UInt64
from adclick.errors import AdclickError
from adclick.ingest.again import Again
from adclick.ingest.hashes import hash_rows
from adclick.ingest.parts import ID_HASH, ROWS_FILE, Part, read_part
from adclick.schema import Schema

HASHES_AT_ONCE = 1_000_000
SAME = "same row as before"
DIFFERENT = "used by different rows"


@dataclass(frozen=True)
class Repeated:
    """A row (position in its part) whose id was used before or elsewhere, and the reason."""

    part: int
    row: int
    reason: str


def find_suspects(
    root: str, parts: Sequence[Part], schema: Schema, left_out: Sequence[Int64]
) -> list[Int64]:
    """The rows of a month's parts, by part, whose ids are to be compared: their hash is not alone.

    `left_out` are rows by part that are out for another reason. Hashes are looked at in shares, so
    that memory does not grow with the month. Raises AdclickError when there are more rows of one
    hash than the month may lose.
    """
    repeated, surplus = _repeated(root, parts, left_out)
    if not surplus:
        return [np.empty(0, np.int64) for _ in parts]
    _check_share(parts, surplus, schema)
    value_set = pa.array(repeated)
    found = (pc.is_in(pa.array(_hashes(root, part)), value_set=value_set) for part in parts)
    return [
        np.setdiff1d(np.flatnonzero(mask), out) for mask, out in zip(found, left_out, strict=True)
    ]


def find_repeated(
    suspects: Sequence[Int64], again: Sequence[Again | None], schema: Schema
) -> list[Repeated]:
    """Those of the suspects that the log is to leave out; `again` has them all, part by part."""
    found: defaultdict[str, list[tuple[int, int, int]]] = defaultdict(list)
    for number, (rows, part) in enumerate(zip(suspects, again, strict=True)):
        if part is None:
            continue
        values = part.checked.rows.take(pa.array(np.searchsorted(part.rows, rows)))
        contents = hash_rows(values.drop_columns([schema.id, BUCKET]))
        ids = values.column(schema.id).to_pylist()
        for name, row, content in zip(ids, rows.tolist(), contents.tolist(), strict=True):
            found[name].append((number, row, content))
    return [repeated for same in found.values() for repeated in _judged(same)]


def _judged(rows: list[tuple[int, int, int]]) -> list[Repeated]:
    """What becomes of the rows of one id, which come in the order of parts and rows."""
    if len({content for _, _, content in rows}) > 1:
        return [Repeated(part, row, DIFFERENT) for part, row, _ in rows]
    return [Repeated(part, row, SAME) for part, row, _ in rows[1:]]


def _check_share(parts: Sequence[Part], surplus: int, schema: Schema) -> None:
    """Stop before rows are compared one by one: a file that is there twice has too many."""
    rows = sum(part.rows_kept + part.rows_bad for part in parts)
    if surplus > schema.max_bad_share * rows:
        raise AdclickError(
            f"month {parts[0].month}: {surplus:,} of {rows:,} rows repeat the {schema.id} of "
            f"another, more than max_bad_share {schema.max_bad_share:.1%}: is a file there twice?"
        )


def _repeated(root: str, parts: Sequence[Part], left_out: Sequence[Int64]) -> tuple[UInt64, int]:
    """Hashes that occur more than once, sorted, and how many rows there are beyond one for each."""
    shares = max(1, -(-sum(part.rows_kept for part in parts) // HASHES_AT_ONCE))
    width = 2**64 // shares + 1
    repeated = [_repeated_in(root, parts, left_out, width, share) for share in range(shares)]
    return np.concatenate([np.unique(some) for some in repeated]), sum(map(len, repeated))


def _repeated_in(
    root: str, parts: Sequence[Part], left_out: Sequence[Int64], width: int, share: int
) -> UInt64:
    """Of hashes in a share of all numbers those that are there again, as often as they are."""
    chosen = [np.empty(0, np.uint64)]
    for part, out in zip(parts, left_out, strict=True):
        hashes = np.delete(_hashes(root, part), out)
        least, most = np.uint64(share * width), np.uint64(min((share + 1) * width, 2**64) - 1)
        chosen.append(hashes[(hashes >= least) & (hashes <= most)])
    hashes = np.concatenate(chosen)
    chosen.clear()
    hashes.sort()
    repeated: UInt64 = hashes[1:][hashes[1:] == hashes[:-1]]
    return repeated


def _hashes(root: str, part: Part) -> UInt64:
    if not part.rows_kept:
        return np.empty(0, np.uint64)
    hashes: UInt64 = read_part(root, part, ROWS_FILE, [ID_HASH]).column(0).to_numpy()
    return hashes
