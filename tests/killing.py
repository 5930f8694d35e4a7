"""Work in a process of its own that is killed at any point and begun again."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.logs import files_of


def check_killed(
    script: str,
    data: Path,
    folder: Path,
    finished: Callable[[Path], dict[Path, int]],
    kills: int = 25,
) -> None:
    """Run the script for `data`, kill it at random points, and begin again until it ends.

    It is given data and a store, and prints a line when it begins. The store must have the same
    bytes as that of a run that was left alone, and nothing that `finished` tells (files, with the
    time they were written) may be done again.
    """

    def start(store: Path) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", script, str(data), str(store)]
        return subprocess.Popen(command, stdout=subprocess.PIPE)

    def begun(store: Path) -> subprocess.Popen[bytes]:
        run = start(store)
        assert run.stdout is not None
        run.stdout.readline()
        return run

    untouched, store = folder / "untouched", folder / "store"
    whole = begun(untouched)
    started = time.perf_counter()
    assert whole.wait() == 0
    seconds = time.perf_counter() - started
    chance, kept, killed = random.Random(0), {}, 0
    for _ in range(kills):
        run = begun(store)
        try:
            run.wait(timeout=chance.uniform(0, seconds / 3))
        except subprocess.TimeoutExpired:
            run.send_signal(signal.SIGKILL)
            run.wait()
            killed += 1
        now = finished(store)
        # what was finished before a kill is not done again
        assert kept.items() <= now.items()
        kept = now
    assert killed > kills / 3
    assert start(store).wait() == 0
    assert kept.items() <= finished(store).items()
    assert files_of(store) == files_of(untouched)
