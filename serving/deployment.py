"""What deployment says: which version is served, where, and how it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Deployment:
    """A version that serves and has given the golden requests their scores.

    `started` is false where the version was already serving.
    """

    version: str
    url: str
    pid: int
    golden_checked: int
    largest_difference: float
    started: bool


@dataclass(frozen=True)
class Status:
    """What runs, as the process table and the server itself say; all None where nothing does.

    `uptime` is in seconds; `memory` in bytes, what the workers share being counted once.
    """

    version: str | None = None
    url: str | None = None
    healthy: bool = False
    pid: int | None = None
    uptime: float | None = None
    memory: int | None = None
    log: Path | None = None
