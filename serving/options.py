"""How a server process is started: its options as command line, and back from the process table."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

MODULE = "serving.host"
ADDRESS = "127.0.0.1"
DRAIN_SECONDS = 10


@dataclass(frozen=True)
class HostOptions:
    """What a server process is told.

    `state` is a folder of its own for metrics; its path also marks the process in the process
    table as the server of that folder. `prediction_log` is a folder or any fsspec URL. It listens
    on `address`, which is this machine's own alone unless another is asked for.
    """

    bundle: Path
    port: int
    prediction_log: str
    state: Path
    workers: int = 2
    threads: int = 4
    address: str = ADDRESS

    def command(self) -> list[str]:
        """The command line that starts this server, from the repository's root."""
        return [sys.executable, "-m", MODULE, *self.arguments()]

    def arguments(self) -> list[str]:
        """The options as words of a command line."""
        options = {
            "--bundle": self.bundle,
            "--address": self.address,
            "--port": self.port,
            "--prediction-log": self.prediction_log,
            "--state": self.state,
            "--workers": self.workers,
            "--threads": self.threads,
        }
        return [str(word) for pair in options.items() for word in pair]


def parse_options(arguments: Sequence[str] | None = None) -> HostOptions:
    """The options on a command line (by default this process's); exits with 2 on a wrong one."""
    parser = argparse.ArgumentParser(
        prog=f"python -m {MODULE}",
        description="Serve a bundle over Seldon's REST protocol.",
    )
    parser.add_argument("--bundle", type=Path, required=True, help="folder of the serving bundle")
    parser.add_argument("--address", default=ADDRESS, help=f"to listen on ({ADDRESS})")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--prediction-log", required=True, help="folder or URL to log to")
    parser.add_argument("--state", type=Path, required=True, help="folder for the server's metrics")
    parser.add_argument("--workers", type=int, default=HostOptions.workers, help="processes")
    parser.add_argument("--threads", type=int, default=HostOptions.threads, help="per worker")
    return HostOptions(**vars(parser.parse_args(arguments)))
