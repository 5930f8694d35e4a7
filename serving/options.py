"""How a server process is started: its options as command line, and back from the process table."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

MODULE = "serving.host"
ADDRESS = "127.0.0.1"
DRAIN_SECONDS = 10

ServerKind = Literal["adclick", "seldon-core-microservice"]
NewImages = Literal["off", "inline", "url"]


@dataclass(frozen=True)
class HostOptions:
    """What a server process is told.

    `prediction_log` is a folder or a bucket's URL. `state` is a folder of its own for metrics; its
    path also marks the process in the process table as the server of that folder. It listens on
    `address`, which is this machine's own alone unless another is asked for, and with a `grpc_port`
    answers Seldon's gRPC there. Each of `workers` has `threads` for images, and under the stock
    wrapper for requests. `new_images` says whether a request may bring the image of a new creative:
    not at all, in the request, or by URL too, from one of `image_hosts`
    (between commas) alone. On Linux it ends with `parent`, the process that started it, where that
    is given; else it outlives it.
    """

    bundle: Path
    port: int
    prediction_log: str
    state: Path
    workers: int = 2
    threads: int = 4
    address: str = ADDRESS
    server: ServerKind = "adclick"
    grpc_port: int | None = None
    new_images: NewImages = "off"
    image_hosts: str = ""
    parent: int | None = None

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
            "--server": self.server,
            "--grpc-port": self.grpc_port,
            "--new-images": self.new_images,
            "--image-hosts": self.image_hosts or None,
            "--parent": self.parent,
        }
        return [str(word) for pair in options.items() if pair[1] is not None for word in pair]


def parse_options(arguments: Sequence[str] | None = None) -> HostOptions:
    """The options on a command line (by default this process's); exits with 2 on a wrong one."""
    parser = argparse.ArgumentParser(
        prog=f"python -m {MODULE}",
        description="Serve a bundle over Seldon's protocol and the Open Inference Protocol.",
    )
    parser.add_argument("--bundle", type=Path, required=True, help="folder of the serving bundle")
    parser.add_argument("--address", default=ADDRESS, help=f"to listen on ({ADDRESS})")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--prediction-log", required=True, help="folder or URL to write to")
    parser.add_argument("--state", type=Path, required=True, help="folder for the server's metrics")
    parser.add_argument("--workers", type=int, default=HostOptions.workers, help="processes")
    parser.add_argument("--threads", type=int, default=HostOptions.threads, help="per worker")
    parser.add_argument(
        "--server",
        choices=get_args(ServerKind),
        default=HostOptions.server,
        help="this project's server, or Seldon's stock wrapper",
    )
    parser.add_argument("--grpc-port", type=int, help="for Seldon's gRPC (none)")
    parser.add_argument(
        "--new-images",
        choices=get_args(NewImages),
        default=HostOptions.new_images,
        help="how a request may bring the image of a new creative",
    )
    parser.add_argument(
        "--image-hosts",
        default=HostOptions.image_hosts,
        help="hosts to fetch such images from, between commas (none)",
    )
    parser.add_argument("--parent", type=int, help="process that it ends with (none)")
    return HostOptions(**vars(parser.parse_args(arguments)))
