"""A bundle's own server for as long as it takes to ask it something."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from adclick.bundle.bundle import ServingBundle
from adclick.errors import AdclickError
from serving.local.servers import REPOSITORY, spawn
from serving.observation import observe
from serving.options import ADDRESS, HostOptions
from serving.process_table import free_port, resident

START_SECONDS = 30.0
POLL_SECONDS = 0.02


@dataclass(frozen=True)
class TemporaryServer:
    """A server that is ready at `url`; `master` started its workers."""

    url: str
    master: psutil.Process

    def memory(self) -> int:
        """Bytes that all of its processes hold."""
        return resident([self.master, *self.master.children(recursive=True)])


@contextmanager
def temporary_server(
    bundle: ServingBundle, start_seconds: float = START_SECONDS
) -> Iterator[TemporaryServer]:
    """The server of `bundle`, started as deployments start it, on a free port of this machine.

    It takes the images of new creatives, so that all of the bundle is in use. What it writes goes
    with it, and it ends with this process too. Raises AdclickError with the server's last words
    when it is not ready within `start_seconds`.
    """
    with tempfile.TemporaryDirectory(prefix="adclick-server-") as name:
        folder = Path(name)
        options = HostOptions(
            bundle=bundle.path,
            port=free_port(),
            prediction_log=str(folder / "predictions"),
            state=folder / "state",
            new_images="inline" if bundle.schema.image else "off",
            parent=os.getpid(),
        )
        output = folder / "output"
        process = spawn(options.command(), output, REPOSITORY)
        try:
            url = f"http://{ADDRESS}:{options.port}"
            problem = _not_ready(process, url, options.workers, start_seconds)
            if problem:
                raise AdclickError(
                    f"version {bundle.version} cannot be served: its server {problem}: "
                    f"{_reason(output)}"
                )
            yield TemporaryServer(url, psutil.Process(process.pid))
        finally:
            _end(process)


def _not_ready(process: subprocess.Popen[bytes], url: str, workers: int, seconds: float) -> str:
    """Wait until all workers are ready; what the server did instead, "" when they are."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if (code := process.poll()) is not None:
            return f"exited with {code}"
        with suppress(AdclickError):
            if observe(url).workers == workers:
                return ""
        time.sleep(POLL_SECONDS)
    return f"was not ready in {seconds:g} s"


def _reason(output: Path) -> str:
    lines = output.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    # of gunicorn's own lines the cause is none; both workers say the same
    said = [line for line in lines if not line.startswith("[")] or lines
    return said[-1] if said else "it said nothing"


def _end(process: subprocess.Popen[bytes]) -> None:
    # nothing that it logged is wanted: there is no reason to let it finish
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
