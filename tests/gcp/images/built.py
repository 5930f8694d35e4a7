"""Images that are built and pushed to a registry, as production does it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from tests.gcp.images.engine import docker, inspect

REPOSITORY = Path(__file__).resolve().parents[3]
CLIENT_PYTHON = REPOSITORY / ".venv-gcp/bin/python"
SERVING_SECONDS = 900.0
STEPS_SECONDS = 3600.0
STEPS_GIGABYTES = 30


@dataclass(frozen=True)
class Image:
    """An image by its digest in the registry, and the seconds that build and push took."""

    name: str
    seconds: float

    @property
    def gigabytes(self) -> float:
        """Its size in the engine, unpacked."""
        return float(inspect(self.name)["Size"]) / 1e9

    def __str__(self) -> str:
        return f"{self.name}: {self.gigabytes:.2f} GB, built and pushed in {self.seconds:.0f} s"


def build_serving(registry: str, base: str, log: Path) -> Image:
    """The serving image, as docs/gcp.md says to build it."""
    tag = f"{registry}/serving:first"
    begun = time.monotonic()
    arguments = ["--file=serving/Dockerfile", f"--build-arg=BASE={base}", f"--tag={tag}", "."]
    docker("build", "--force-rm", *arguments, cwd=REPOSITORY, timeout=SERVING_SECONDS, log=log)
    docker("push", tag, timeout=SERVING_SECONDS, log=log)
    seconds = time.monotonic() - begun
    (digest,) = inspect(tag)["RepoDigests"]
    # what runs is what the registry keeps
    docker("image", "rm", tag)
    docker("pull", "--quiet", digest, timeout=SERVING_SECONDS, log=log)
    return Image(digest, seconds)


def build_steps(
    registry: str, base: str, home: Path, log: Path, dockerfile: Path | None = None
) -> Image:
    """The steps' image, as a run of the gcp stack with ADCLICK_IMAGE_BUILDER=local builds it.

    `dockerfile` is built in its place, where it is given, from the same context.
    """
    words: list[str | Path] = [
        CLIENT_PYTHON,
        "-m",
        "tests.gcp.images.build_steps",
        home,
        registry,
        base,
    ]
    with log.open("a", encoding="utf-8") as stream:
        done = subprocess.run(
            [*words, *([dockerfile] if dockerfile else [])],
            cwd=REPOSITORY,
            env={**os.environ, "ZENML_LOGGING_VERBOSITY": "INFO"},
            stdout=subprocess.PIPE,
            stderr=stream,
            text=True,
            timeout=STEPS_SECONDS,
            check=False,
        )
        stream.write(done.stdout)
    assert done.returncode == 0, f"ZenML did not build the steps' image: see {log}"
    facts = json.loads(done.stdout.splitlines()[-1])
    return Image(facts["image"], facts["seconds"])


def no_room_for_steps() -> str | None:
    """Why the steps' image does not fit here, or None."""
    root = docker("info", "--format", "{{.DockerRootDir}}")
    free = shutil.disk_usage(root).free / 1e9
    if free >= STEPS_GIGABYTES:
        return None
    return f"the steps' image, built and pushed, needs {STEPS_GIGABYTES} GB: {root} has {free:.0f}"
