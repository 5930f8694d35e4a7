"""What there is on this machine: no file is believed where a process can tell."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import psutil

from adclick.errors import AdclickError
from serving.client import PredictionClient
from serving.deployment import Role, Served, Status
from serving.envoy import version_of
from serving.envoy_files import edge_files
from serving.local.admin import Applied
from serving.local.edge import Edge
from serving.local.folders import Folders, is_held
from serving.local.intent import Intent, read_intent
from serving.observation import observe
from serving.options import ADDRESS
from serving.process_table import RunningServer, running_servers

NO_KEEPER = "no keeper runs: what crashes stays down until the next deploy, promote or rollback"


@dataclass(frozen=True)
class Look:
    """One look at processes, Envoy and the intent."""

    folders: Folders
    intent: Intent
    running: Mapping[str, RunningServer]
    envoy: psutil.Process | None
    applied: Applied

    @property
    def nothing(self) -> bool:
        """Whether nothing runs."""
        return not self.running and self.envoy is None

    @property
    def settled(self) -> bool:
        """Whether requests go where they are meant to, and nothing else runs than is meant to."""
        meant = (self.intent.shares, self.intent.copies)
        return (
            (self.applied.shares, self.applied.copies) == meant
            and set(self.running) == set(self.intent.serving)
            and self.listens
            and dict(self.applied.ports) == {v: s.port for v, s in self.running.items()}
        )

    @property
    def listens(self) -> bool:
        """Whether Envoy took over the edge as it is meant, with the keys that there are now."""
        if self.intent.port is None:
            return False
        try:
            files = edge_files(self.folders.edge, self.intent.port, self.intent.edge)
        except AdclickError:
            # a file that does not fit any more changes nothing: the keeper's log says so
            return bool(self.applied.edge)
        told = {name: version_of(found) for name, found in files.items()}
        # connections made under former settings keep the rest of them alive for a while
        return told.items() <= self.applied.edge.items()

    @cached_property
    def status(self) -> Status:
        """The same for people and pipelines, with what the servers say of themselves."""
        if self.nothing:
            return Status()
        idle = [version for version in self.running if version not in self.intent.serving]
        served = tuple(self._served(version) for version in (*self.intent.serving, *idle))
        kept = is_held(self.folders.keeper_lock)
        return Status(self._url, served, self.intent.former, None if kept else NO_KEEPER)

    @property
    def _url(self) -> str | None:
        if self.applied.port is None:
            return None
        return self.intent.edge.url_at(self.applied.port)

    def _served(self, version: str) -> Served:
        role = self._role(version)
        requests = self.applied.copies if role is Role.SHADOW else self.applied.shares
        known = {"version": version, "role": role, "traffic": requests.get(version, 0)}
        server = self.running.get(version)
        if server is None:
            return Served(**known)
        url = server_url(server.port)
        answered = None
        with suppress(AdclickError):
            answered = {server.name: observe(url)}
        return Served(
            **known,
            healthy=(self.applied.port is not None or role is Role.IDLE) and is_healthy(url),
            answered=answered,
            pid=server.process.pid,
            uptime=server.uptime,
            memory=server.memory,
            log=self.folders.server_log(version),
        )

    def _role(self, version: str) -> Role:
        if version == self.intent.champion:
            return Role.CHAMPION
        trial = self.intent.trial
        if trial is None or version != trial.version:
            return Role.IDLE
        return Role.SHADOW if trial.shadow else Role.CANARY


def look(folders: Folders) -> Look:
    """What there is now."""
    edge = Edge(folders.edge)
    envoy = edge.process()
    return Look(
        folders,
        read_intent(folders.intent),
        running_servers(folders.versions),
        envoy,
        edge.applied() if envoy else Applied(),
    )


def is_healthy(url: str) -> bool:
    """Whether the server at `url` answers and has its model."""
    with PredictionClient(url, timeout=2.0) as client:
        return client.is_healthy()


def server_url(port: int) -> str:
    """A server's own address, past Envoy."""
    return f"http://{ADDRESS}:{port}"


def tail(log: Path, lines: int = 5) -> str:
    """The last lines of a log as one, with its path."""
    try:
        last = log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]
    except FileNotFoundError:
        last = []
    return f"{' | '.join(last) or 'no word'} ({log})"
