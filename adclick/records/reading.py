"""Reads a record log: its Parquet parts, and what is not compacted yet where that lies in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from itertools import batched
from typing import BinaryIO

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq

from adclick.records.columns import tables_by_day
from adclick.records.compaction import part_of
from adclick.records.segments import local_path, segments, spool_of, whole_lines

BATCH_ROWS = 65_536
BATCH_LINES = 1_000  # of up to a thousand records each


@dataclass(frozen=True)
class Days:
    """The days [since, until) of a log; all days where both are None."""

    since: date | None = None
    until: date | None = None

    def hold(self, day: date) -> bool:
        """Whether the day is one of them."""
        return (self.since is None or self.since <= day) and (
            self.until is None or day < self.until
        )


EVERY_DAY = Days()


def read_records(root: str, columns: Sequence[str], days: Days = EVERY_DAY) -> Iterator[pa.Table]:
    """The records of these days, each once, a bounded number at a time.

    They come part after part by day; within a part in the order in which they were appended. A
    table has those of `columns` that its part has, of the part's types: see `conform`. Of a bucket
    only what is compacted is seen.
    """
    filesystem, base = fsspec.core.url_to_fs(root)
    with ExitStack() as stack:
        # opened before the parts are listed: a segment that is compacted meanwhile can still be
        # read, and if its part is among the listed ones it is left out
        opened = _open_segments(root, stack)
        filesystem.invalidate_cache()
        parts = set(filesystem.glob(f"{base}/day=*/*.parquet"))
        for path in sorted(parts):
            if days.hold(_day_of(path)):
                with filesystem.open(path, "rb") as file:
                    yield from _part(file, columns)
        for name, file in opened.items():
            for lines in batched(whole_lines(file), BATCH_LINES):
                for day, table in tables_by_day(lines).items():
                    compacted = part_of(base, day.isoformat(), name) in parts
                    if days.hold(day) and not compacted:
                        yield table.select([name for name in columns if name in table.column_names])


def size_of(root: str, days: Days = EVERY_DAY) -> int:
    """Bytes of the Parquet parts of these days."""
    filesystem, base = fsspec.core.url_to_fs(root)
    filesystem.invalidate_cache()
    found = filesystem.glob(f"{base}/day=*/*.parquet", detail=True)
    return sum(info["size"] for path, info in found.items() if days.hold(_day_of(path)))


def days_of(root: str) -> list[date]:
    """The days that a log has parts of, first to last."""
    filesystem, base = fsspec.core.url_to_fs(root)
    filesystem.invalidate_cache()
    return sorted({_day_of(path) for path in filesystem.glob(f"{base}/day=*/*.parquet")})


def _open_segments(root: str, stack: ExitStack) -> dict[str, BinaryIO]:
    if local_path(root) is None:
        return {}
    opened: dict[str, BinaryIO] = {}
    for path in segments(spool_of(root)):
        try:
            opened[path.stem] = stack.enter_context(path.open("rb"))
        except FileNotFoundError:
            # compacted a moment ago
            continue
    return opened


def _part(file: BinaryIO, columns: Sequence[str]) -> Iterator[pa.Table]:
    part = pq.ParquetFile(file)
    there = set(part.schema_arrow.names)
    names = [name for name in columns if name in there]
    for batch in part.iter_batches(BATCH_ROWS, columns=names):
        yield pa.Table.from_batches([batch])


def _day_of(path: str) -> date:
    return date.fromisoformat(path.rsplit("/", 2)[1].removeprefix("day="))
