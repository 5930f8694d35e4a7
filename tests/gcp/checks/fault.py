"""What a test takes away, and what a check then has to say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.gcp.checks.world import World


@dataclass(frozen=True)
class Fault:
    """After `act` the row `check` says `found`, and its command starts with `mend`."""

    act: Callable[[World], None]
    check: str
    found: str
    mend: str
