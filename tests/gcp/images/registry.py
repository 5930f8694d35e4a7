"""A registry of this machine: Debian's docker-registry on a loopback port, while it is used."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from tests.servers import free_port, wait_until

CONFIGURATION = """
version: 0.1
log: {{level: warn}}
storage:
  filesystem: {{rootdirectory: {folder}/blobs}}
  delete: {{enabled: true}}
http:
  addr: 127.0.0.1:{port}
"""


def why_not() -> str | None:
    """Why no registry can be started here, or None."""
    if not shutil.which("docker-registry"):
        return "there is no docker-registry here: apt-get install docker-registry"
    return None


@contextmanager
def local_registry(folder: Path) -> Iterator[str]:
    """A registry's host and port; it keeps images below `folder`, and logs there."""
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    settings = folder / "registry.yaml"
    settings.write_text(CONFIGURATION.format(folder=folder, port=port), encoding="utf-8")
    with (folder / "registry.log").open("ab") as log:
        process = subprocess.Popen(
            ["docker-registry", "serve", settings], stdout=log, stderr=subprocess.STDOUT
        )
    try:
        wait_until(lambda: _answers(port), f"the registry answers: see {folder}/registry.log")
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)


def _answers(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/v2/", timeout=5).ok
    except requests.RequestException:
        return False
