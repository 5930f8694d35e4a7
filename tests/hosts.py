"""Server processes started without a manager, in tests."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from adclick.bundle.bundle import ServingBundle
from serving.client import PREDICTIONS
from serving.options import HostOptions
from tests.bundles import Wrong, tiny_bundle
from tests.servers import free_port, wait_until

REPOSITORY = Path(__file__).resolve().parents[1]
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Server:
    """A host started without the manager."""

    bundle: ServingBundle
    options: HostOptions
    process: subprocess.Popen[bytes]
    output: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.options.port}"

    def post(self, body: object, **changes: Any) -> requests.Response:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        settings = {"headers": JSON, "timeout": 10, **changes}
        return requests.post(self.url + PREDICTIONS, data=data, **settings)


def start(
    folder: Path, wrong: Wrong | None = None, fragile: bool = False, **changes: Any
) -> Server:
    """Start a server of a tiny bundle, all of it in `folder`; `changes` are HostOptions."""
    bundle = tiny_bundle(folder / "bundle", wrong=wrong, fragile=fragile)
    log, state = str(folder / "predictions"), folder / "state"
    options = HostOptions(bundle.path, free_port(), log, state, **changes)
    output = folder / "output"
    with output.open("wb") as file:
        process = subprocess.Popen(
            options.command(), cwd=REPOSITORY, stdout=file, stderr=file, start_new_session=True
        )
    return Server(bundle, options, process, output)


@contextmanager
def running(folder: Path, **changes: Any) -> Iterator[Server]:
    """A server whose workers have all loaded their model, ended afterwards."""
    server = start(folder, **changes)
    try:
        wait_until(lambda: ready(server), "all workers are ready")
        yield server
    finally:
        end(server)


def ready(server: Server) -> bool:
    assert server.process.poll() is None, server.output.read_text()
    options = server.options
    # the stock wrapper answers gRPC in a process of its own
    own_grpc = options.server != "adclick" and options.grpc_port is not None
    try:
        return metric(server, "adclick_workers") == options.workers + own_grpc
    except requests.ConnectionError:
        return False


def end(server: Server) -> None:
    if server.process.poll() is None:
        os.killpg(server.process.pid, signal.SIGKILL)
    server.process.wait()


def metric(server: Server, sample: str) -> float:
    """The sum of all samples whose text starts with `sample`."""
    text = requests.get(server.url + "/metrics", timeout=10).text
    lines = [line for line in text.splitlines() if line.startswith(sample)]
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)
