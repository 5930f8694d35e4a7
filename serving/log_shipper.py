"""Copies a server's prediction log to a bucket while it grows.

`python -m serving.log_shipper FOLDER URI` does so until SIGTERM.
"""

from __future__ import annotations

import argparse
import signal
import socket
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import fsspec

MODULE = "serving.log_shipper"
SECONDS = 5.0


class LogShipper:
    """Copies the lines that were added to the files below `source`, as objects below `target`.

    Objects cannot be appended to, so each copy is one of its own, in the same folders by day. After
    a restart lines are copied again: readers count a repeated request once.
    """

    def __init__(self, source: Path, target: str) -> None:
        self._source = source
        self._files, self._target = fsspec.core.url_to_fs(target)
        self._copied: dict[Path, int] = {}

    def ship(self) -> int:
        """Copy what is new and forget files that are done with; returns the bytes copied."""
        yesterday = f"day={datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}"
        total = 0
        for path in sorted(self._source.glob("day=*/*.jsonl")):
            total += (size := self._copy(path))
            if size == 0 and path.parent.name < yesterday:
                path.unlink()
                self._copied.pop(path, None)
        return total

    def _copy(self, path: Path) -> int:
        done = self._copied.get(path, 0)
        with path.open("rb") as file:
            file.seek(done)
            new = file.read()
        # the server may be in the middle of a line
        lines = new[: new.rfind(b"\n") + 1]
        if lines:
            folder = f"{self._target}/{path.parent.name}"
            self._files.makedirs(folder, exist_ok=True)
            # workers of different pods may have the same process id
            name = f"{socket.gethostname()}-{path.stem}-{done}.jsonl"
            self._files.pipe_file(f"{folder}/{name}", lines)
            self._copied[path] = done + len(lines)
        return len(lines)


def main() -> None:
    """Copy every few seconds, and once more after SIGTERM; exits with 1 when that last one fails.

    A bucket that cannot be reached costs nothing but time: the lines stay where they are.
    """
    parser = argparse.ArgumentParser(
        prog=f"python -m {MODULE}", description="Copy a growing prediction log to a bucket."
    )
    parser.add_argument("source", type=Path, help="folder that the server logs to")
    parser.add_argument("target", help="folder or URL to copy to")
    options = parser.parse_args()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    shipper = LogShipper(options.source, options.target)
    while not stop.wait(SECONDS):
        _try_to_ship(shipper, options.target)
    sys.exit(not _try_to_ship(shipper, options.target))


def _try_to_ship(shipper: LogShipper, target: str) -> bool:
    try:
        shipper.ship()
    except Exception as error:
        what = " ".join(f"{type(error).__name__} {error}".split())
        print(f"predictions are not in {target} yet: {what}", file=sys.stderr, flush=True)
        return False
    return True


if __name__ == "__main__":
    main()
