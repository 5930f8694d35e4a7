"""Emulated: one attempt at a task, all its replicas, until it succeeds, fails or is ended."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from tests.gcp.cloud.vertex import cluster
from tests.gcp.cloud.vertex.faults import Preemption
from tests.gcp.cloud.vertex.machine import Machine
from tests.gcp.cloud.vertex.task import Task

LOOK_SECONDS = 0.05
OUT_OF_MEMORY = {137, -9}
# exit codes of SIGABRT and SIGSEGV, which Vertex AI holds for a fault of the machine
TRANSIENT = {6, 11, 134, 139, -6, -11}
RESTARTS_TRANSIENT = 3
RESTARTS_SPOT = 6
RESTARTS_INTERNAL = 2


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended: with an `error` unless it succeeded.

    `restarts` says how often Vertex AI starts a training job again that ended so, without counting
    it as a failure of the task.
    """

    error: str = ""
    restarts: int = 0
    cancelled: bool = False

    @property
    def succeeded(self) -> bool:
        return not self.error and not self.cancelled


@dataclass(frozen=True)
class Attempt:
    """A task, the files that its replicas log to, and what ends it from outside."""

    task: Task
    machine: Machine
    uuid: str
    logs: tuple[Path, ...]
    cancelled: Event
    preemption: Preemption | None

    def run(self) -> Outcome:
        """Start all replicas and wait; afterwards none is left."""
        begins = self.logs[0].stat().st_size if self.logs[0].is_file() else 0
        variables = cluster.variables(self.task, self.uuid)
        replicas: list[subprocess.Popen[bytes]] = []
        try:
            for log, own in zip(self.logs, variables, strict=True):
                environment = {**self.task.environment, **own}
                replicas.append(self.machine.start(self.task, environment, log))
            return self._wait(replicas, lambda: self._log_since(begins))
        finally:
            for replica in replicas:
                replica.kill()
            for replica in replicas:
                replica.wait()

    def _wait(self, replicas: list[subprocess.Popen[bytes]], log: Callable[[], str]) -> Outcome:
        timeout = self.task.timeout_seconds
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self.cancelled.wait(LOOK_SECONDS):
            if self.preemption is not None and self.preemption.once in log():
                return self._preempted()
            if (ended := self._ended(replicas)) is not None:
                return ended
            if deadline is not None and time.monotonic() > deadline:
                return Outcome(f"CANCELED: the job ran longer than its timeout of {timeout:g} s.")
        return Outcome(cancelled=True)

    def _ended(self, replicas: list[subprocess.Popen[bytes]]) -> Outcome | None:
        """The primary replica's success ends the job, and any replica's failure does."""
        codes = {
            name: replica.poll()
            for name, replica in zip(cluster.replica_names(self.task), replicas, strict=True)
        }
        for name, code in codes.items():
            if code:
                return self._failed(name, code)
        return Outcome() if replicas[0].poll() == 0 else None

    def _failed(self, name: str, code: int) -> Outcome:
        where = f"To find out more about why your job exited please check the logs: {self.logs[0]}"
        if code in OUT_OF_MEMORY:
            status = f"The replica {name} ran out of memory and exited with a non-zero status of"
            return Outcome(f"{status} 137. {where}")
        status = 128 - code if code < 0 else code
        said = f"The replica {name} exited with a non-zero status of {status}."
        restarts = RESTARTS_TRANSIENT if code in TRANSIENT else 0
        return Outcome(f"{said} Termination reason: Error. {where}", restarts=restarts)

    def _preempted(self) -> Outcome:
        if self.task.spot:
            said = "STOCKOUT: the Spot VM of the job was preempted (emulated)."
            return Outcome(said, restarts=RESTARTS_SPOT)
        said = "Internal error occurred for the current attempt: the VM was lost (emulated)."
        return Outcome(said, restarts=RESTARTS_INTERNAL)

    def _log_since(self, begin: int) -> str:
        with self.logs[0].open("rb") as log:
            log.seek(begin)
            return log.read().decode(errors="replace")
