"""A training run of the gcp stack whose steps run in containers of the real image.

Emulated are the services; real are the image, its user, its file system, and the engine.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.gcp.cloud.running import PYTHON, REPOSITORY, cannot, emulated_cloud
from tests.gcp.cloud.vertex.container import LABEL
from tests.gcp.cloud.vertex.job import Job, read_jobs
from tests.gcp.images.built import Image

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(cannot() is not None, reason=str(cannot())),
]
CONFIG = REPOSITORY / "tests/gcp/sample.yaml"
TRAINING = ("--pipeline", "training", "--config", CONFIG)
RUN_SECONDS = 1800.0


@dataclass(frozen=True)
class Ran:
    """What came of the run: its summary, its job, and the containers that ended meanwhile."""

    summary: dict[str, Any]
    job: Job
    containers: list[dict[str, str]]


@pytest.fixture(scope="module")
def ran(steps_image: Image, network: str, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    state = tmp_path_factory.mktemp("containers") / "cloud"
    begun = time.monotonic()
    variables = {"ADCLICK_STEPS_IMAGE": steps_image.name, "ADCLICK_HOME": str(state / "home")}
    with emulated_cloud(state, containers=network) as cloud, ended_containers(network) as ended:
        words: list[str | Path] = [PYTHON, "run.py", "--stack", "gcp", *TRAINING]
        done = cloud.run(words, RUN_SECONDS, **variables)
    assert done.returncode == 0, done.stderr[-3000:]
    (job,) = read_jobs(state / "vertex").values()
    print(f"\ntraining in containers: {time.monotonic() - begun:.0f} s")
    summary = json.loads((state / "home/runs/latest.json").read_bytes())
    return Ran(summary, job, ended)


@contextmanager
def ended_containers(network: str) -> Iterator[list[dict[str, str]]]:
    """Labels, image and exit code of the containers beside this one that end meanwhile.

    The engine says so while it happens: it remembers few events. The list is filled at the end.
    """
    filters = ("--filter=event=die", f"--filter=label={LABEL}={network}")
    command = ["docker", "events", *filters, "--format={{json .Actor.Attributes}}"]
    ended: list[dict[str, str]] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as events:
        try:
            yield ended
        finally:
            events.terminate()
            ended += map(json.loads, events.communicate()[0].splitlines())


def test_each_step_ran_in_a_container_of_the_image(ran: Ran, steps_image: Image) -> None:
    assert ran.job.state == "SUCCEEDED"
    assert {task.image for task in ran.job.tasks.values()} == {steps_image.name}
    assert sorted(c["task"] for c in ran.containers) == sorted(ran.job.tasks)
    assert {(c["image"], c["exitCode"]) for c in ran.containers} == {(steps_image.name, "0")}


def test_the_model_is_the_local_stack_s(ran: Ran, tmp_path: Path) -> None:
    home = tmp_path / "home"
    subprocess.run(
        [REPOSITORY / ".venv/bin/python", "run.py", "--stack", "local", *TRAINING],
        cwd=REPOSITORY,
        env={**os.environ, "ADCLICK_HOME": str(home)},
        check=True,
        capture_output=True,
    )
    local = json.loads((home / "runs/latest.json").read_bytes())["model"]
    assert local["version"] == ran.summary["model"]["version"]
