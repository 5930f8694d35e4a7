"""What is meant to serve on this machine: one small file, replaced as a whole."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from serving.deployment import Role
from serving.edge_options import EdgeOptions
from serving.options import NewImages, ServerKind


@dataclass(frozen=True)
class Trial:
    """A version on trial: it answers `traffic` per cent, or as `shadow` gets copies of them."""

    version: str
    traffic: int
    shadow: bool = False


@dataclass(frozen=True)
class ServerSettings:
    """How servers are started that are started next; see HostOptions."""

    prediction_log: str = ""
    workers: int = 2
    threads: int = 4
    server: ServerKind = "adclick"
    new_images: NewImages = "off"
    image_hosts: str = ""


@dataclass(frozen=True)
class Intent:
    """What the keeper brings about and keeps so.

    `former` is the champion before, which a rollback brings back. `candidate` is started beside
    the others and gets no requests; it is meant to run only as long as its manager holds the lock.
    The API answers on `port` as `edge` says.
    """

    champion: str | None = None
    trial: Trial | None = None
    former: str | None = None
    candidate: str | None = None
    servers: ServerSettings = ServerSettings()
    port: int | None = None
    edge: EdgeOptions = field(default_factory=EdgeOptions)

    @property
    def serving(self) -> tuple[str, ...]:
        """The versions that get requests, the champion first."""
        trial = (self.trial.version,) if self.trial else ()
        return (self.champion, *trial) if self.champion else ()

    @property
    def shares(self) -> Mapping[str, int]:
        """Per cent of requests that each version answers."""
        if self.champion is None:
            return {}
        if self.trial is None or self.trial.shadow:
            return {self.champion: 100}
        return {self.champion: 100 - self.trial.traffic, self.trial.version: self.trial.traffic}

    @property
    def copies(self) -> Mapping[str, int]:
        """Per cent of requests of which each version gets a copy."""
        shadowed = self.champion is not None and self.trial is not None and self.trial.shadow
        return {self.trial.version: self.trial.traffic} if shadowed and self.trial else {}


def with_version(intent: Intent, version: str, role: Role, traffic: int = 100) -> Intent:
    """What is meant once `version` has this role; a new champion, or the old one again, ends the
    trial.
    """
    if role is not Role.CHAMPION:
        return replace(intent, trial=Trial(version, traffic, role is Role.SHADOW))
    former = intent.former if version == intent.champion else intent.champion
    return replace(intent, champion=version, trial=None, former=former)


def read_intent(path: Path) -> Intent:
    """The intent in a file; one of nothing where there is no file."""
    if not path.is_file():
        return Intent()
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    trial, servers = content.pop("trial"), content.pop("servers")
    return Intent(
        trial=Trial(**trial) if trial else None,
        servers=ServerSettings(**servers),
        edge=EdgeOptions.model_validate(content.pop("edge", {})),
        **content,
    )


def write_intent(path: Path, intent: Intent) -> None:
    """Put the intent in the place of the one before, so that a reader sees one or the other."""
    content = {**asdict(intent), "edge": intent.edge.model_dump(mode="json")}
    write_whole(path, json.dumps(content, indent=1))


def write_whole(path: Path, text: str) -> None:
    """Replace a file in one step, readable by its owner alone."""
    new = path.with_name(f"{path.name}.new")
    new.touch(mode=0o600)
    new.write_text(text, encoding="utf-8")
    new.replace(path)
