"""What deployment says: which version is served, where, and how it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Deployment:
    """A version that serves and has given the golden requests their scores.

    `started` is false where the version was already serving; `pid` is None where other machines
    serve.
    """

    version: str
    url: str
    pid: int | None
    golden_checked: int
    largest_difference: float
    started: bool


@dataclass(frozen=True)
class Status:
    """What serves, as the process table or the cluster says; all None where nothing does.

    `uptime` is in seconds; `memory` in bytes, what the workers share being counted once. What only
    the serving machine knows (pid, memory, log) is None where that is another one.
    """

    version: str | None = None
    url: str | None = None
    healthy: bool = False
    pid: int | None = None
    uptime: float | None = None
    memory: int | None = None
    log: Path | None = None

    def __str__(self) -> str:
        """For people: version, address and health in a line, and in another what else is known."""
        if self.version is None:
            return "nothing serves"
        health = "ready" if self.healthy else "not ready"
        process = [f"pid {self.pid}"] if self.pid is not None else []
        known = [
            *([f"up {self.uptime:,.0f} s"] if self.uptime is not None else []),
            *([f"{self.memory / 1e6:,.0f} MB"] if self.memory is not None else []),
            *([f"log {self.log}"] if self.log is not None else []),
        ]
        first = ", ".join([f"{self.version} at {self.url}: {health}", *process])
        return "\n".join([first, *([", ".join(known)] if known else [])])
