"""Runs compactions beside a process that has other things to do."""

from __future__ import annotations

import logging
import shutil
import subprocess
import sys
import time
from pathlib import Path

from adclick.records.segments import claimed, segments, spooled

MODULE = "adclick.records.compaction"
REPOSITORY = Path(__file__).parents[2]
RETRY_SECONDS = 60.0
# beside a server that answers, a compaction takes processor time that nobody wants, from its first
# moment: its imports take time, too. Where it does not keep up, it is a process like others
IDLE = ("chrt", "--idle", "0")
MOST_BEHIND = 256 * 1024 * 1024  # bytes

log = logging.getLogger(__name__)


class Compactor:
    """Starts a process that compacts whenever one is `wanted`, one at a time.

    It is wanted at first where a dead process left segments, and again after a failure.
    """

    def __init__(self, spool: Path, root: str) -> None:
        self._spool, self._root = spool, root
        self._process: subprocess.Popen[bytes] | None = None
        self._may_idle = shutil.which(IDLE[0]) is not None
        self._idles = False
        self._not_before = 0.0
        self.wanted = False
        self._looked = False

    def step(self) -> None:
        """See after the running process, or start one; takes no time."""
        if not self._looked:
            self._looked, self.wanted = True, self.wanted or self._left_behind()
        if self._process is not None:
            self._see_after(self._process)
        if self.wanted and self._process is None and time.monotonic() >= self._not_before:
            self.wanted = False
            self._process = self._started()

    def _see_after(self, process: subprocess.Popen[bytes]) -> None:
        status = process.poll()
        if status is not None:
            self._process = None
            if status:
                self.wanted, self._not_before = True, time.monotonic() + RETRY_SECONDS
                # a sandbox may forbid it
                self._may_idle = False
        elif self._idles and spooled(self._spool) > MOST_BEHIND:
            # what it has done so far is kept, or can be done again
            process.kill()
            process.wait()
            self._process, self.wanted = None, True

    def _started(self) -> subprocess.Popen[bytes]:
        self._idles = self._may_idle and spooled(self._spool) <= MOST_BEHIND
        words = [sys.executable, "-m", MODULE, str(self._spool), self._root]
        return subprocess.Popen(
            [*(IDLE if self._idles else ()), *words],
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )

    def finish(self) -> None:
        """Compact what is left here and now, at the end of this process."""
        # at its end nothing waits for the interpreter; before, a server need not import it
        from adclick.records.compaction import compact

        try:
            if self._process is not None:
                # on a busy machine it has hardly any processor time; what it does can be done again
                self._process.kill()
                self._process.wait()
            compact(self._spool, self._root)
        except Exception as error:
            # the segments stay for the next process
            log.error("records are not in %s yet: %s", self._root, type(error).__name__)

    def _left_behind(self) -> bool:
        for path in segments(self._spool):
            with claimed(path) as file:
                if file is not None:
                    return True
        return False
