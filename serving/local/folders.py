"""Where a local deployment keeps what: all below one folder."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Folders:
    """The files below `root`."""

    root: Path

    @property
    def versions(self) -> Path:
        """A folder a version."""
        return self.root / "versions"

    @property
    def edge(self) -> Path:
        """Envoy's files."""
        return self.root / "edge"

    @property
    def intent(self) -> Path:
        """What is meant to serve."""
        return self.root / "intent.json"

    @property
    def manager_lock(self) -> Path:
        """Held by the process that deploys, promotes, rolls back or stops."""
        return self.root / "lock"

    @property
    def keeper_lock(self) -> Path:
        """Held by the keeper as long as it lives."""
        return self.root / "keeper.lock"

    @property
    def keeper_log(self) -> Path:
        """What the keeper started and saw ending."""
        return self.root / "keeper.log"

    def server_log(self, version: str) -> Path:
        """What a version's server printed since it was started."""
        return self.versions / version / "server.log"

    def ended(self, version: str) -> Path:
        """How a version's server ended last, written by the keeper."""
        return self.versions / version / "ended"


@contextmanager
def held(lock: Path) -> Iterator[None]:
    """Hold a lock for this process, waiting for it; a killed process lets go by itself."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def is_held(lock: Path) -> bool:
    """Whether a process holds the lock."""
    if not lock.exists():
        return False
    with lock.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
