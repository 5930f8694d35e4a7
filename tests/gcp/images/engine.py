"""The docker engine of this machine, as tests use it: they never start or install one."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def why_not() -> str | None:
    """Why there is no engine here, or None."""
    if not shutil.which("docker"):
        return "there is no docker here: apt-get install docker.io"
    asked = subprocess.run(
        ["docker", "info", "--format", "{{json .ServerVersion}}"],
        capture_output=True,
        check=False,
        timeout=30,
    )
    # the client's exit code is 0 though no engine answers
    if asked.returncode != 0 or asked.stdout.strip() in (b"", b'""', b"null"):
        return "no docker engine answers here (docker info)"
    return None


def docker(
    *words: str | Path,
    timeout: float = 120.0,
    log: Path | None = None,
    fails: bool = False,
    **options: Any,
) -> str:
    """What `docker WORDS` printed; where it `fails`, as it then has to, also what it said of it.

    The test fails, with its last words, if it ends otherwise. All that it says goes to the end of
    `log` too; `options` are subprocess.run's.
    """
    command = ["docker", *map(str, words)]
    done: subprocess.CompletedProcess[str] = subprocess.run(
        command, capture_output=True, text=True, timeout=timeout, check=False, **options
    )
    said = done.stdout + done.stderr
    if log is not None:
        with log.open("a", encoding="utf-8") as stream:
            stream.write(said)
    assert (done.returncode != 0) == fails, f"docker {words[0]}: {said[-3000:]}"
    return (said if fails else done.stdout).strip()


def inspect(name: str) -> dict[str, Any]:
    """What the engine knows of an image or a container."""
    (found,) = json.loads(docker("inspect", name))
    facts: dict[str, Any] = found
    return facts


def exists(image: str) -> bool:
    """Whether the engine has an image of this name."""
    asked = ["docker", "image", "inspect", image]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


@contextmanager
def tidied(base: str) -> Iterator[None]:
    """Afterwards remove what builds on `base` leave: ended containers, nameless images."""
    containers, images = _ended(base), _nameless(base)
    try:
        yield
    finally:
        if left := _ended(base) - containers:
            docker("rm", *sorted(left))
        if nameless := _nameless(base) - images:
            docker("image", "rm", *sorted(nameless))


def _ended(base: str) -> set[str]:
    states = ("--filter=status=exited", "--filter=status=created")
    return set(docker("ps", "--all", "--quiet", *states, f"--filter=ancestor={base}").split())


def _nameless(base: str) -> set[str]:
    first = inspect(base)["RootFS"]["Layers"][0]
    found = docker("images", "--quiet", "--no-trunc", "--filter=dangling=true").split()
    return {image for image in found if first in inspect(image)["RootFS"]["Layers"]}


def files_in(image: str, folder: str) -> list[str]:
    """All files below a folder of the image, relative to it."""
    code = (
        "import json, pathlib; root = pathlib.Path(%r); "
        "print(json.dumps([str(p.relative_to(root)) for p in root.rglob('*') if p.is_file()]))"
    )
    found: list[str] = json.loads(docker("run", "--rm", image, "python", "-c", code % folder))
    return sorted(found)
