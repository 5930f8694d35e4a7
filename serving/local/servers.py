"""Starting a version's server, and knowing what runs already."""

from __future__ import annotations

import json
import os
import subprocess
import time
from dataclasses import asdict
from pathlib import Path

from serving.local.folders import Folders
from serving.local.intent import Intent, write_whole
from serving.options import HostOptions
from serving.process_table import RunningServer, free_port, running_servers, server_processes

REPOSITORY = Path(__file__).resolve().parents[2]
LONGEST_PAUSE = 10.0
WELL_SECONDS = 30.0


class Servers:
    """The servers of a state folder: those found in the process table, and those started here.

    One that ends is started again at once; one that soon ends again after a pause that doubles each
    time, up to LONGEST_PAUSE.
    """

    def __init__(self, folders: Folders) -> None:
        self._folders = folders
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._begun: dict[str, float] = {}
        self._pauses: dict[str, float] = {}

    def running(self) -> dict[str, RunningServer]:
        """What runs, by version; one that was just started may not be there yet."""
        return running_servers(self._folders.versions)

    def reap(self) -> list[str]:
        """Words on each child that ended, whose exit code is written to its folder."""
        words = []
        for version, child in list(self._children.items()):
            if (code := child.poll()) is not None:
                del self._children[version]
                write_whole(self._folders.ended(version), json.dumps(code))
                words.append(f"{version} ended with {code}")
        return words

    def start(self, version: str, intent: Intent) -> bool:
        """Start a version's server unless it is starting or has to wait; returns whether."""
        now = time.monotonic()
        if version in self._children or now < self._next_start(version):
            return False
        if version in self._begun:
            lived = now - self._begun[version]
            pause = min(2 * self._pauses.get(version, 0.25), LONGEST_PAUSE)
            self._pauses[version] = 0.0 if lived > WELL_SECONDS else pause
        self._end_orphans(version)
        self._begun[version] = now
        self._children[version] = self._spawn(version, intent)
        return True

    def forget(self, version: str) -> None:
        """Forget how a version fared, since it is no longer meant to run."""
        self._begun.pop(version, None)
        self._pauses.pop(version, None)

    def _next_start(self, version: str) -> float:
        return self._begun.get(version, 0.0) + self._pauses.get(version, 0.0)

    def _end_orphans(self, version: str) -> None:
        # workers without a master finish what they have and would go by themselves; a new master
        # has a port of its own and does not wait for them
        for process in server_processes(self._folders.versions / version):
            process.terminate()

    def _spawn(self, version: str, intent: Intent) -> subprocess.Popen[bytes]:
        home = self._folders.versions / version
        options = HostOptions(
            bundle=home / "bundle",
            port=free_port(),
            state=home,
            **asdict(intent.servers),
        )
        return spawn(options.command(), self._folders.server_log(version), REPOSITORY)


def spawn(command: list[str], log: Path, folder: Path) -> subprocess.Popen[bytes]:
    """Start a process that outlives this one; the log of the one before is kept beside its own."""
    if log.exists():
        log.replace(log.with_name(f"{log.name}.1"))
    with log.open("wb") as output:
        return subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
