"""Compaction: the segments that no living process writes any more become Parquet.

`python -m adclick.records.compaction SPOOL ROOT` does so once, in a process of its own: in a
server's it would keep requests waiting for the interpreter.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import BinaryIO

import pyarrow.parquet as pq

from adclick.ingest.storage import written
from adclick.records.background import MODULE
from adclick.records.columns import tables_by_day
from adclick.records.segments import claimed, segments, whole_lines


def compact(spool: Path, root: str) -> int:
    """Write each segment that can be claimed to `root`, and remove it; returns how many.

    A segment of a day becomes `day=YYYY-MM-DD/SEGMENT.parquet`, which appears whole. Killed at any
    point and done again, it is the same file: no record is there twice, and none is missing.
    Raises what the file system raises; what was not written yet then stays a segment.
    """
    done = 0
    for path in segments(spool):
        with claimed(path) as file:
            if file is not None:
                for day, table in tables_by_day(whole_lines(file)).items():
                    with written(part_of(root, day.isoformat(), path.stem)) as part:
                        pq.write_table(table, part, compression="zstd")
                        _to_disk(part)
                path.unlink()
                done += 1
    return done


def part_of(root: str, day: str, segment: str) -> str:
    """Where a segment's records of a day go."""
    return f"{root}/day={day}/{segment}.parquet"


def _to_disk(file: BinaryIO) -> None:
    """A part must not be less durable than the segment that is removed for it."""
    try:
        descriptor = file.fileno()
    except OSError:
        # an object, which its bucket keeps as a whole when it is closed
        return
    file.flush()
    os.fsync(descriptor)


def main() -> None:
    """Compact a log's segments; ends with 1 and one line on stderr where that cannot be."""
    parser = argparse.ArgumentParser(prog=f"python -m {MODULE}", description=compact.__doc__)
    parser.add_argument("spool", type=Path, help="folder of the write-ahead files")
    parser.add_argument("root", help="folder or URL of the log")
    options = parser.parse_args()
    try:
        compact(options.spool, options.root)
    except Exception as error:
        what = " ".join(f"{type(error).__name__} {error}".split())
        sys.exit(f"records are not in {options.root} yet: {what}")


if __name__ == "__main__":
    main()
