"""The resident process that brings about what is meant to serve: `python -m serving.local.keeper`.

It remembers nothing that it could not read again: what is meant from the intent, what runs from
the process table, where requests go from Envoy. Killed at any point, servers and Envoy go on, and
the next keeper takes them over.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import select
import time
from contextlib import suppress
from pathlib import Path

import psutil

from adclick.errors import AdclickError
from serving.local.drain import Drain
from serving.local.edge import Edge
from serving.local.folders import Folders, is_held
from serving.local.intent import Intent, read_intent
from serving.local.servers import Servers
from serving.process_table import RunningServer

BUSY_SECONDS = 0.1
CALM_SECONDS = 0.25
TRIES = 5
MODULE = "serving.local.keeper"


class Keeper:
    """Holds what runs against what is meant, a step at a time; no step waits for anything."""

    def __init__(self, folders: Folders) -> None:
        self._folders = folders
        self._servers = Servers(folders)
        self._edge = Edge(folders.edge)
        self._drain = Drain(folders.edge)
        self._watched: dict[int, int] = {}
        self._noted: str | None = None

    def run(self) -> None:
        """Keep the intent until it is one of nothing and nothing runs any more."""
        while True:
            written = _stamp(self._folders.intent)
            intent = read_intent(self._folders.intent)
            before = [written, *map(_stamp, intent.edge.sources)]
            running = self._servers.running()
            envoy = self._edge.process()
            settled = self._step(intent, running, envoy)
            if settled and not intent.serving and not running and envoy is None:
                return
            masters = [server.process for server in running.values()]
            self._watch([*masters, *([envoy] if envoy else [])])
            self._wait(intent, before, settled)

    def _step(
        self, intent: Intent, running: dict[str, RunningServer], envoy: psutil.Process | None
    ) -> bool:
        """One step towards the intent; whether there is nothing left to do."""
        for words in [*self._servers.reap(), self._edge.reap()]:
            if words:
                self._note(words)
        wanted = self._wanted(intent)
        missing = [version for version in wanted if version not in running]
        for version in missing:
            if self._servers.start(version, intent):
                self._note(f"{version} started")
        # nothing tells that its manager died but a look at the lock
        trying = intent.candidate in wanted and intent.candidate not in intent.serving
        if not intent.serving:
            return self._close(running, wanted, envoy) and not missing and not trying
        self._listen(intent)
        if envoy is None and self._open(intent, running):
            self._note("envoy started")
        routed = self._route(intent, running)
        left = self._end(running, wanted) if routed else True
        return routed and not missing and not left and not trying

    def _wanted(self, intent: Intent) -> list[str]:
        candidate = intent.candidate
        if candidate is None or candidate in intent.serving:
            return list(intent.serving)
        alone = not is_held(self._folders.manager_lock)
        if alone or self._folders.ended(candidate).exists():
            return list(intent.serving)
        return [*intent.serving, candidate]

    def _listen(self, intent: Intent) -> None:
        """Tell Envoy the edge as it is meant, and its keys and certificate as they are now."""
        problem = None
        try:
            if intent.port is not None:
                self._edge.listen(intent.port, intent.edge)
        except AdclickError as error:
            problem = f"the edge stays as it was: {error}"
        if problem and problem != self._noted:
            self._note(problem)
        self._noted = problem

    def _open(self, intent: Intent, running: dict[str, RunningServer]) -> bool:
        """Start Envoy, which must not find what was true in an earlier life."""
        places = {version: server.port for version, server in running.items()}
        self._edge.know(places, intent.edge)
        self._edge.route(intent)
        return self._edge.start()

    def _route(self, intent: Intent, running: dict[str, RunningServer]) -> bool:
        """Tell Envoy servers first and then weights; whether it does as it was told."""
        # one that was told to stop waits for nothing once Envoy's idle connections to it are closed
        ports = {v: s.port for v, s in running.items() if not self._drain.was_told(s)}
        now = self._edge.applied()
        # a version that has requests and no server just now keeps its place, for it comes back
        places = {v: port for v, port in now.ports.items() if v in intent.serving} | ports
        self._edge.know(places, intent.edge)
        if not set(intent.serving) <= set(now.ports):
            return False
        self._edge.route(intent)
        return now.ports == places and (now.shares, now.copies) == (intent.shares, intent.copies)

    def _end(self, running: dict[str, RunningServer], wanted: list[str]) -> bool:
        """Stop what is not wanted once its requests are answered; whether any of it is left."""
        left = [server for version, server in running.items() if version not in wanted]
        for server in left:
            self._servers.forget(server.version)
            if self._drain.end(server):
                self._note(f"{server.version} told to stop")
        return bool(left)

    def _close(
        self, running: dict[str, RunningServer], wanted: list[str], envoy: psutil.Process | None
    ) -> bool:
        """Stop Envoy once it answered everything, and then the servers; whether that is done."""
        if envoy is not None:
            if self._drain.close(envoy):
                self._note("envoy told to stop")
            return False
        return not self._end(running, wanted)

    def _note(self, words: str) -> None:
        with self._folders.keeper_log.open("a", encoding="utf-8") as log:
            log.write(f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')} {words}\n")

    def _watch(self, processes: list[psutil.Process]) -> None:
        """Hold a descriptor of each process, which tells its end at no cost until then."""
        pids = {process.pid for process in processes}
        for pid in self._watched.keys() - pids:
            os.close(self._watched.pop(pid))
        for pid in pids - self._watched.keys():
            with suppress(ProcessLookupError):
                self._watched[pid] = os.pidfd_open(pid)

    def _wait(self, intent: Intent, before: list[int], settled: bool) -> None:
        """Until a process ends or a file changes; shortly where there is more to do."""
        poll = select.poll()
        for descriptor in self._watched.values():
            poll.register(descriptor, select.POLLIN)
        pause = CALM_SECONDS if settled else BUSY_SECONDS
        files = (self._folders.intent, *intent.edge.sources)
        while not poll.poll(pause * 1000) and settled and [*map(_stamp, files)] == before:
            pass


def _stamp(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def main() -> None:
    """Keep what is meant to serve below `--state`, unless another keeper does."""
    parser = argparse.ArgumentParser(prog=f"python -m {MODULE}", description=__doc__)
    parser.add_argument("--state", type=Path, required=True)
    folders = Folders(parser.parse_args().state)
    with folders.keeper_lock.open("w") as lock:
        # one who looks whether it is held holds it for a moment
        for _ in range(TRIES):
            with suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                Keeper(folders).run()
                return
            time.sleep(BUSY_SECONDS)


if __name__ == "__main__":
    main()
