"""What deployment says: which versions are served, in which roles, where, and how they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # the keeper needs roles, and no numpy
    from adclick.observation import Observation


class Role(StrEnum):
    """What a version is there for: to answer, to answer a share on trial, or to be only compared.

    A shadow gets copies of requests; its answers go nowhere but into metrics. An idle version gets
    none: it is being checked, or on its way out.
    """

    CHAMPION = "champion"
    CANARY = "canary"
    SHADOW = "shadow"
    IDLE = "idle"


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
    role: Role = Role.CHAMPION
    traffic: int = 100


@dataclass(frozen=True)
class Served:
    """One version that is there; `traffic` is the per cent of requests that reach it.

    `uptime` is in seconds; `memory` in bytes, what the workers share being counted once. What only
    the serving machine knows (pid, memory, log) is None where that is another one. `answered` is
    what each of its servers answered since it started, under a name that no other server had or
    will have; None where their metrics cannot be read.
    """

    version: str
    role: Role = Role.CHAMPION
    traffic: int = 100
    healthy: bool = False
    answered: Mapping[str, Observation] | None = None
    pid: int | None = None
    uptime: float | None = None
    memory: int | None = None
    log: Path | None = None

    @property
    def observed(self) -> Observation | None:
        """What its servers answered together; None where their metrics cannot be read."""
        if self.answered is None:
            return None
        from adclick.observation import total

        return total(self.answered.values())


@dataclass(frozen=True)
class Trial:
    """A version on trial beside a champion, as somebody saw it who decides what becomes of it."""

    version: str
    champion: str


@dataclass(frozen=True)
class Status:
    """What serves, as the process table or the cluster says: the champion first.

    `former` is the version that a rollback would bring back; `warning` says what else is wrong.
    """

    url: str | None = None
    versions: tuple[Served, ...] = ()
    former: str | None = None
    warning: str | None = None

    @property
    def champion(self) -> Served | None:
        """The version that answers; None where nothing serves."""
        return next((v for v in self.versions if v.role is Role.CHAMPION), None)

    @property
    def trial(self) -> Served | None:
        """The canary or shadow, of which there is one at most."""
        return next((v for v in self.versions if v.role in (Role.CANARY, Role.SHADOW)), None)

    @property
    def version(self) -> str | None:
        """The champion's version; None where nothing serves."""
        return self.champion.version if self.champion else None

    @property
    def healthy(self) -> bool:
        """Whether the champion answers."""
        return self.champion is not None and self.champion.healthy
