"""Timing work inside the process that does it: interpreter and imports are not counted.

The process tells its figures in a file of its place, for the benchmark that started it.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

TOLD = "told.json"


@dataclass(frozen=True)
class Took:
    """Seconds by the clock, and of processor time in this process and those that it started."""

    wall: float
    cpu: float


def timed[R](work: Callable[[], R]) -> tuple[R, Took]:
    """What the work returns, and what it took."""
    cpu, wall = _processor_seconds(), time.perf_counter()
    result = work()
    wall = time.perf_counter() - wall
    return result, Took(wall, _processor_seconds() - cpu)


def tell(took: Took, **figures: Any) -> None:
    """Write what the work took and found below $ADCLICK_HOME."""
    home = Path(os.environ["ADCLICK_HOME"])
    home.mkdir(parents=True, exist_ok=True)
    told = {"wall": took.wall, "cpu": took.cpu, **figures}
    (home / TOLD).write_text(json.dumps(told), encoding="utf-8")


def _processor_seconds() -> float:
    here = psutil.Process()
    return sum(_of(process) for process in [here, *here.children(recursive=True)])


def _of(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    # those of children that ended already are told by their parent
    return float(times.user + times.system + times.children_user + times.children_system)
