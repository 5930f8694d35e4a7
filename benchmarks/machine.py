"""The machine that a benchmark ran on: figures of two machines do not compare."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path

import psutil

CPU_INFO = Path("/proc/cpuinfo")


@dataclass(frozen=True)
class Machine:
    """What a run's speed depends on; `load` is the load average of the last minute.

    A load near the number of cores before anything was measured says that others' work was
    measured with it, unless a negative `niceness` let all that was measured go before it.
    """

    cpu: str
    cores: int
    memory_gb: float
    system: str
    python: str
    load: float
    niceness: int

    def __str__(self) -> str:
        return (
            f"{self.cpu}, {self.cores} cores, {self.memory_gb:g} GB, {self.system}, "
            f"Python {self.python}, load {self.load:.2f} at the start, niceness {self.niceness}"
        )


def this_machine() -> Machine:
    """This machine, as it is now: call it before anything is measured."""
    return Machine(
        cpu=_cpu_model(),
        cores=os.cpu_count() or 1,
        memory_gb=round(psutil.virtual_memory().total / 1e9, 1),
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        load=round(os.getloadavg()[0], 2),
        niceness=os.getpriority(os.PRIO_PROCESS, 0),
    )


def _cpu_model() -> str:
    """Only Linux knows the model's name; elsewhere the architecture has to do."""
    lines = CPU_INFO.read_text(encoding="utf-8").splitlines() if CPU_INFO.is_file() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())
