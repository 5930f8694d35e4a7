"""Starting work in a process and folder of its own, and what it told of itself."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psutil

from benchmarks.ingest.stopwatch import TOLD
from benchmarks.processes import Place, memory, new_place

WORK = "benchmarks.ingest.work"
POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Worked:
    """What work took without its start and imports, its memory at most, and what it told."""

    wall: float
    cpu: float
    memory: int
    told: dict[str, Any] = field(repr=False)


def work(module: str, *arguments: str, python: str = sys.executable) -> Worked:
    """Run a module of work in a new place; raises RuntimeError with its last lines if it fails."""
    with new_place() as place:
        return work_in(place, module, *arguments, python=python)


def work_in(place: Place, module: str, *arguments: str, python: str = sys.executable) -> Worked:
    """Run a module of work in this place."""
    cost = place.measure("-m", module, *arguments, python=python)
    told = json.loads((place.home / TOLD).read_bytes())
    return Worked(told.pop("wall"), told.pop("cpu"), cost.memory, told)


@dataclass
class Peak:
    """The most memory that was seen, in bytes."""

    memory: int = 0


@contextmanager
def peak_memory() -> Iterator[Peak]:
    """Sees what all processes take together that this one started, other than itself.

    Memory that they share counts once. A peak between two looks is missed.
    """
    peak, ended = Peak(), threading.Event()

    def look() -> None:
        while not ended.wait(POLL_SECONDS):
            processes = psutil.Process().children(recursive=True)
            peak.memory = max(peak.memory, memory(processes))

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        ended.set()
        thread.join()
