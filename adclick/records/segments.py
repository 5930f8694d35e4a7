"""Write-ahead files: what a process has logged is with the system, though not Parquet yet.

A segment is locked by its writer for as long as that lives: the system releases the lock of a
killed process, and nothing has to ask whether a process id is still the same process.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Self
from uuid import uuid4

import fsspec

from adclick.keys import content_key

FOLDER = "write-ahead"
SUFFIX = ".jsonl"


def spool_of(root: str) -> Path:
    """The folder of a log's segments: in the log where that is a folder, else on this machine.

    A bucket cannot be appended to. Its segments lie below the temporary folder, in one of this
    user's own for each log.
    """
    if (local := local_path(root)) is not None:
        return local / FOLDER
    return Path(tempfile.gettempdir()) / f"adclick-{FOLDER}-{os.getuid()}" / content_key(root)


def local_path(root: str) -> Path | None:
    """The log's folder; None where it lies on no file system of this machine."""
    # not url_to_fs: a server imports no library for buckets only to keep a segment
    if "://" in root and not root.startswith("file://"):
        return None
    _, path = fsspec.core.url_to_fs(root)
    return Path(path)


class Segment:
    """A write-ahead file that this process appends lines to."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path, self._descriptor = path, descriptor
        self.size = 0

    @classmethod
    def create(cls, spool: Path) -> Self:
        """A new segment, empty and locked; raises OSError where there can be none."""
        spool.mkdir(mode=0o700, parents=True, exist_ok=True)
        while True:
            # its name is that of the part that becomes of it: unique on all machines
            path = spool / f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid4().hex}{SUFFIX}"
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_WRONLY, 0o600)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if path.exists():
                return cls(path, descriptor)
            # taken for a dead process's between the two lines above
            os.close(descriptor)

    def write(self, lines: Sequence[bytes]) -> int:
        """Append whole lines; returns how many of them, fewer where the disk is full."""
        data = b"".join(lines)
        try:
            written = os.write(self._descriptor, data)
        except OSError:
            written = 0
        whole = written if written == len(data) else data.rfind(b"\n", 0, written) + 1
        if whole < written:
            os.ftruncate(self._descriptor, self.size + whole)
        self.size += whole
        return len(lines) if whole == len(data) else data.count(b"\n", 0, whole)

    def close(self) -> None:
        """Give the segment up for compaction."""
        os.close(self._descriptor)


def segments(spool: Path) -> list[Path]:
    """All segments of a log on this machine, oldest first."""
    return sorted(spool.glob(f"*{SUFFIX}"))


def spooled(spool: Path) -> int:
    """Bytes of a log on this machine that are not compacted yet."""
    total = 0
    for path in segments(spool):
        # a compaction removes them meanwhile
        with suppress(FileNotFoundError):
            total += path.stat().st_size
    return total


@contextmanager
def claimed(path: Path) -> Iterator[BinaryIO | None]:
    """The segment, locked; None while its writer or another one has it, or when it is gone."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        yield None
        return
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
        else:
            yield file if path.exists() else None


def whole_lines(file: BinaryIO) -> Iterator[bytes]:
    """A segment's lines, without one that a killed process was still writing."""
    return (line for line in file if line.endswith(b"\n"))
