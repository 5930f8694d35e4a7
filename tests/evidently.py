"""`evidently ui` in a process of its own, for tests of what it is sent and shows."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from tests.servers import free_port, wait_until

LONGEST_SECONDS = 120


@dataclass(frozen=True)
class EvidentlyServer:
    """A server on this machine."""

    address: str

    def get(self, path: str) -> requests.Response:
        """What it answers."""
        return requests.get(f"{self.address}{path}", timeout=LONGEST_SECONDS)


@contextmanager
def evidently_server(workspace: str | Path, secret: str | None = None) -> Iterator[EvidentlyServer]:
    """A server on the workspace; who writes has to show the secret, if there is one."""
    port = free_port()
    program = Path(sys.executable).with_name("evidently")
    words = [program, "ui", "--workspace", str(workspace), "--port", str(port)]
    environment = {**os.environ, "DO_NOT_TRACK": "1"}
    if secret:
        environment["EVIDENTLY_SECRET"] = secret
    process = subprocess.Popen(
        words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    server = EvidentlyServer(f"http://127.0.0.1:{port}")

    def answers() -> bool:
        assert process.poll() is None
        try:
            return server.get("/api/version").ok
        except requests.ConnectionError:
            return False

    try:
        wait_until(answers, "evidently ui answers", seconds=LONGEST_SECONDS)
        yield server
    finally:
        process.terminate()
        process.wait(LONGEST_SECONDS)
