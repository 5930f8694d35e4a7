"""Ending processes without dropping what they have begun to answer."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

import psutil

from serving.local.admin import active, close_listener
from serving.options import DRAIN_SECONDS
from serving.process_table import RunningServer

# Envoy's threads take a new route over within milliseconds; a request that one of them sent by the
# old one has begun by then
QUIET_SECONDS = 0.2


class Drain:
    """Tells processes to stop once they are quiet, or after DRAIN_SECONDS, and then kills them."""

    def __init__(self, edge: Path) -> None:
        self._edge = edge
        self._quiet: dict[psutil.Process, float] = {}
        self._begun: dict[psutil.Process, float] = {}
        self._told: dict[psutil.Process, float] = {}

    def end(self, server: RunningServer) -> bool:
        """Take a server's end a step further; whether it was told to stop just now."""
        busy = bool((active(self._edge) or {}).get(server.version))
        return self._further(server.process, busy, [*server.workers])

    def was_told(self, server: RunningServer) -> bool:
        """Whether a server was told to stop."""
        return server.process in self._told

    def close(self, envoy: psutil.Process) -> bool:
        """Take Envoy's end a step further; whether it was told to stop just now."""
        if envoy not in self._begun:
            close_listener(self._edge)
        return self._further(envoy, any((active(self._edge) or {}).values()), [])

    def _further(self, process: psutil.Process, busy: bool, workers: list[psutil.Process]) -> bool:
        now = time.monotonic()
        begun = self._begun.setdefault(process, now)
        quiet = self._quiet.setdefault(process, now)
        if busy:
            self._quiet[process] = now
        with suppress(psutil.NoSuchProcess):
            if process in self._told:
                if now > self._told[process] + DRAIN_SECONDS + 2:
                    for one in [process, *workers]:
                        one.kill()
                return False
            if now > begun + DRAIN_SECONDS or (not busy and now > quiet + QUIET_SECONDS):
                self._told[process] = now
                process.terminate()
                return True
        return False
