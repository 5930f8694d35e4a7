"""Ids that a month has more than once: found in flat memory, decided without regard to order.

Rows that are alike in every column are one row, of which the first in the order of files and lines
is kept. Where rows of one id differ, nothing says which is true: none is kept.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from adclick.arrays import Array, UInt64
from adclick.errors import AdclickError
from adclick.ingest.parts import ID_HASH, ROW_HASH, ROWS_FILE, Part, read_part
from adclick.schema import Schema

HASHES_AT_ONCE = 2_000_000
SAME = "same row as before"
DIFFERENT = "used by different rows"


@dataclass(frozen=True)
class Repeated:
    """A row (position in its part) whose id was used before or elsewhere, and the reason."""

    part: int
    row: int
    reason: str


def find_repeated(
    root: str, parts: Sequence[Part], schema: Schema, left_out: Sequence[Array]
) -> list[Repeated]:
    """The rows of a month's parts that its log is to leave out for their ids.

    `left_out` are positions by part of rows that are out for another reason. Hashes are looked at
    in shares, so that memory does not grow with the month; only of rows whose hash is there twice
    are the ids themselves compared. Raises AdclickError when there are more of them than the month
    may lose.
    """
    suspects, surplus = _suspects(root, parts, left_out)
    if not surplus:
        return []
    _check_share(parts, surplus, schema)
    found: defaultdict[str, list[tuple[int, int, int]]] = defaultdict(list)
    for number, part in enumerate(parts):
        hashes = _hashes(root, part)
        suspected = pc.is_in(pa.array(hashes), value_set=pa.array(suspects))
        rows = np.setdiff1d(np.flatnonzero(suspected), left_out[number])
        if len(rows):
            found_here = _rows(root, part, schema, rows)
            for row, (name, content) in zip(rows.tolist(), found_here, strict=True):
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


def _suspects(root: str, parts: Sequence[Part], left_out: Sequence[Array]) -> tuple[UInt64, int]:
    """Hashes that occur more than once, sorted, and how many rows there are beyond one for each."""
    shares = max(1, -(-sum(part.rows_kept for part in parts) // HASHES_AT_ONCE))
    width = 2**64 // shares + 1
    repeated = [_repeated_in(root, parts, left_out, width, share) for share in range(shares)]
    return np.concatenate([np.unique(some) for some in repeated]), sum(map(len, repeated))


def _repeated_in(
    root: str, parts: Sequence[Part], left_out: Sequence[Array], width: int, share: int
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


def _rows(root: str, part: Part, schema: Schema, rows: Array) -> Iterator[tuple[str, int]]:
    """These rows' ids, and the hashes of all else in them."""
    table = read_part(root, part, ROWS_FILE, [schema.id, ROW_HASH]).take(pa.array(rows))
    return zip(*(column.to_pylist() for column in table.columns), strict=True)
