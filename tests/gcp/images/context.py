"""What a build's context holds: seen from inside an image that is nothing but its context."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

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


def of_docker_build(base: str, ignored: Path | None = None) -> list[str]:
    """The files that `docker build .` in the repository is given.

    With the file `ignored`, by BuildKit, which reads NAME.dockerignore beside the Dockerfile NAME;
    the test is skipped where the engine's client has no BuildKit.
    """
    name = f"adclick-test/context:{uuid.uuid4().hex[:8]}"
    with probe() as dockerfile:
        if ignored is not None:
            shutil.copy(ignored, dockerfile.with_name("Dockerfile.dockerignore"))
        words: list[str | Path] = [
            f"--build-arg=BASE={base}",
            f"--file={dockerfile}",
            f"--tag={name}",
            REPOSITORY,
        ]
        variables = {"DOCKER_BUILDKIT": "0" if ignored is None else "1"}
        done = subprocess.run(
            ["docker", "build", *words],
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            check=False,
        )
    if "buildx component is missing" in done.stderr:
        pytest.skip("the docker client here has no BuildKit")
    assert done.returncode == 0, done.stderr
    return taken(name)


def of_zenml_build(registry: str, base: str, home: Path, log: Path) -> list[str]:
    """The files that ZenML's builder gives the build of the steps' image."""
    with probe() as dockerfile:
        built = build_steps(registry, base, home, log, dockerfile)
    return taken(built.name, f"{registry}/other:first")


def taken(image: str, *names: str) -> list[str]:
    """The files of a probe's image, which is removed, with all its names."""
    try:
        return files_in(image, "/context")
    finally:
        docker("image", "rm", "--force", image, *names)


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
