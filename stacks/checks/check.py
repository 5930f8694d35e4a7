"""A check: a question about a run's surroundings, and what was found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """What a check came to."""

    HOLDS = "holds"
    FAILS = "fails"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True)
class Finding:
    """What was found, and the command that mends what fails, ready to paste."""

    status: Status
    found: str
    mend: str | None = None


@dataclass(frozen=True)
class Check:
    """`look` is asked only when the checks named in `needs` hold; it may raise."""

    name: str
    look: Callable[[], Finding]
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class CheckResult:
    """A row of the table: the check's name and its finding."""

    check: str
    status: Status
    found: str
    mend: str | None = None


def holds(found: str) -> Finding:
    """Nothing to do."""
    return Finding(Status.HOLDS, found)


def fails(found: str, mend: str | None = None) -> Finding:
    """A run would fail of it."""
    return Finding(Status.FAILS, found, mend)


def not_checked(why: str) -> Finding:
    """Neither: something else has to be mended first."""
    return Finding(Status.NOT_CHECKED, why)
