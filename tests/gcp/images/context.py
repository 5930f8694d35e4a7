"""What a build's context holds: seen from inside an image that is nothing but its context."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.gcp.images.built import REPOSITORY, build_steps
from tests.gcp.images.engine import docker, files_in

PROBE = "ARG BASE\nFROM ${BASE}\nCOPY . /context\n"


@contextmanager
def probe() -> Iterator[Path]:
    """A Dockerfile whose image has the whole context in /context."""
    with tempfile.TemporaryDirectory() as folder:
        dockerfile = Path(folder) / "Dockerfile"
        dockerfile.write_text(PROBE, encoding="utf-8")
        yield dockerfile


def of_docker_build(base: str) -> list[str]:
    """The files that `docker build .` in the repository is given."""
    with probe() as dockerfile:
        built = docker(
            "build", "--quiet", f"--build-arg=BASE={base}", f"--file={dockerfile}", REPOSITORY
        )
    return taken(built)


def of_zenml_build(registry: str, base: str, home: Path, log: Path) -> list[str]:
    """The files that ZenML's builder gives the build of the steps' image."""
    with probe() as dockerfile:
        built = build_steps(registry, base, home, log, dockerfile)
    return taken(built.name)


def taken(image: str) -> list[str]:
    """The files of a probe's image, which is removed."""
    try:
        return files_in(image, "/context")
    finally:
        docker("image", "rm", "--force", image)


def tracked(*paths: str) -> list[str]:
    """The files of the repository below the paths, as git has them."""
    return _listed("--cached", *paths)


def untracked(*paths: str) -> list[str]:
    """Files below the paths that are not in git yet, and that it does not ignore."""
    return _listed("--others", "--exclude-standard", *paths)


def _listed(*words: str) -> list[str]:
    command = ["git", "ls-files", *words]
    listed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    return listed.stdout.splitlines()
