"""Appends records off the caller's path: a bounded queue, a thread, a write-ahead file."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from adclick.records.background import Compactor
from adclick.records.columns import TIME, Columns
from adclick.records.segments import Segment, local_path, spool_of, spooled

TICK_SECONDS = 0.1  # between two writes: what a kill -9 may take
SEGMENT_SECONDS = 60.0
SEGMENT_BYTES = 32 * 1024 * 1024  # a compaction takes some ten times as much memory
MOST_WAITING = 50_000  # records
MOST_SPOOLED = 1024 * 1024 * 1024  # bytes that a bucket out of reach may leave on this machine
COMPLAINT_SECONDS = 60.0

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Entry:
    shared: Mapping[str, Any]
    columns: Columns

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def line(self) -> bytes:
        content = [self.shared, self.columns]
        try:
            return orjson.dumps(content, _plain, orjson.OPT_APPEND_NEWLINE)
        except TypeError:
            # an integer of more than 64 bits
            return json.dumps(content, default=_plain).encode() + b"\n"


class RecordLogWriter:
    """Writes to the log at `root`, a folder or any fsspec URL; one for each process.

    `append` never blocks and never fails: a thread, begun with the first record
    (so after a server's fork), writes what waits every TICK_SECONDS to a segment, and has segments
    compacted every SEGMENT_SECONDS and when the process ends. What cannot be kept, since the disk
    is full or more waits than MOST_WAITING records, is counted in `dropped`.
    """

    def __init__(self, root: str | Path, spool: Path | None = None) -> None:
        root = str(root)
        local = local_path(root)
        self._spool = (spool or spool_of(root)).absolute()
        self._compactor = Compactor(self._spool, root if local is None else str(local))
        self._lock = threading.Lock()
        self._queue: deque[_Entry] = deque()
        self._waiting = 0
        self._dropped = 0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._segment: Segment | None = None
        self._segment_ends = 0.0
        self._complained = -COMPLAINT_SECONDS

    @property
    def dropped(self) -> int:
        """How many records were lost so far."""
        return self._dropped

    def append(
        self,
        shared: Mapping[str, Any],
        columns: Columns,
    ) -> bool:
        """Log records: all have what is `shared`, and record i has `columns[name][i]`.

        There is at least one column. They are kept by reference until they are written, and must
        not change any more. Returns False where there is no room for them, so that they are
        dropped.
        """
        entry = _Entry({**shared, TIME: time.time_ns() // 1_000}, columns)
        with self._lock:
            if self._waiting + len(entry) > MOST_WAITING or self._stop.is_set():
                self._dropped += len(entry)
                return False
            self._waiting += len(entry)
            self._queue.append(entry)
            if self._thread is None:
                self._start()
            return True

    def close(self) -> None:
        """Write what waits and have it compacted; later records are dropped."""
        with self._lock:
            self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
            self._seal()
            self._compactor.finish()

    def _start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="record-log", daemon=True)
        self._thread.start()
        # unlike atexit's, these also run in the children of multiprocessing, which Seldon serves in
        Finalize(self, self.close, exitpriority=0)

    def _run(self) -> None:
        while not self._stop.wait(TICK_SECONDS):
            self._step()
        self._step()

    def _step(self) -> None:
        with self._lock:
            entries, self._queue = self._queue, deque()
        try:
            self._write(entries)
            if self._segment is not None and time.monotonic() >= self._segment_ends:
                self._seal()
            self._compactor.step()
        except Exception:
            # the thread outlives whatever happens to it; without values, which may be a request's
            self._complain("its writer failed")
        with self._lock:
            self._waiting -= sum(map(len, entries))

    def _write(self, entries: Sequence[_Entry]) -> None:
        lines: list[bytes] = []
        records: list[int] = []
        for entry in entries:
            try:
                lines.append(entry.line())
                records.append(len(entry))
            except (TypeError, ValueError, RecursionError):
                self._drop(len(entry), "a record is no JSON")
        if not lines:
            return
        try:
            kept = self._open_segment().write(lines)
            problem = "its disk is full"
        except OSError as error:
            self._seal()
            kept, problem = 0, str(error)
        if kept < len(lines):
            self._drop(sum(records[kept:]), problem)

    def _open_segment(self) -> Segment:
        if self._segment is not None and self._segment.size >= SEGMENT_BYTES:
            self._seal()
        if self._segment is None:
            if (waiting := spooled(self._spool)) >= MOST_SPOOLED:
                raise OSError(f"{waiting:,} bytes wait in {self._spool} for compaction")
            self._segment = Segment.create(self._spool)
            self._segment_ends = time.monotonic() + SEGMENT_SECONDS
        return self._segment

    def _seal(self) -> None:
        if self._segment is not None:
            self._segment.close()
            self._segment = None
            self._compactor.wanted = True

    def _drop(self, records: int, problem: str) -> None:
        self._dropped += records
        self._complain(problem)

    def _complain(self, problem: str) -> None:
        now = time.monotonic()
        if now - self._complained >= COMPLAINT_SECONDS:
            self._complained = now
            log.error("%s loses records (%d so far): %s", self._spool, self._dropped, problem)


def _plain(value: object) -> Any:
    """NumPy's numbers."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    raise TypeError(type(value).__name__)
