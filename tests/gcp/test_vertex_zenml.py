"""ZenML's own orchestrator on the emulated Vertex AI, in the emulated cloud."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import psutil
import pytest

from tests.gcp.cloud.running import PYTHON, REPOSITORY, Cloud, cannot, emulated_cloud
from tests.gcp.cloud.vertex.faults import Faults, Preemption
from tests.gcp.cloud.vertex.job import read_jobs
from tests.servers import wait_until

pytestmark = pytest.mark.skipif(cannot() is not None, reason=str(cannot()))


@pytest.mark.slow
def test_zenml_runs_whether_its_client_lives_or_not(tmp_path: Path) -> None:
    """The real orchestrator's jobs, and what ZenML knows of them when their client has died.

    A spot machine is taken away, a step fails once and another time for good, and what is cached
    is left out of jobs.
    """
    state = tmp_path / "cloud"
    with emulated_cloud(state) as cloud:
        folder = state / "vertex"
        Faults(preempted={"train": Preemption(once="training in")}).write(folder)
        kill_client_of_first_job(cloud, folder)
        wait_until(
            lambda: next(iter(read_jobs(folder).values())).finished, "the job has finished", 240
        )
        told = cloud.run(client("tell", "run", "fail", "tell"), 400, **quiet(state))
        assert told.returncode == 0, told.stderr
        after_death, failed, all_runs = told.stdout.splitlines()[-3:]
        first, second = read_jobs(folder).values()

    training = first.tasks["train"]
    assert (training.machine, training.accelerator) == ("n1-standard-8", "NVIDIA_TESLA_T4")
    assert (training.accelerators, training.spot, training.timeout_seconds) == (1, True, 3600)
    others = [first.tasks[name] for name in ("load", "evaluate")]
    assert [(task.machine, task.accelerator) for task in others] == [(None, None)] * 2
    assert (first.state, first.error) == ("SUCCEEDED", "")
    assert first.attempts == {"load": 1, "train": 2, "evaluate": 1}
    assert first.log("train").count("training in /app/code") == 2
    assert "evaluation 1 of 42 went wrong" in first.log("evaluate")

    (found,) = json.loads(after_death)
    assert (found["status"], found["job"]) == ("completed", first.job_id)
    assert found["steps"] == {
        "load": ["completed", 1],
        "train": ["completed", 2],
        "evaluate": ["completed", 2],
    }

    assert "The failed tasks are: [evaluate]." in failed
    assert (list(second.tasks), second.state) == (["evaluate"], "FAILED")
    assert "evaluation 2 of 42 went wrong" in second.log("evaluate")
    _, cached, last = json.loads(all_runs)
    assert {status for status, _ in cached["steps"].values()} == {"cached"}
    assert (cached["status"], cached["job"]) == ("completed", None)
    assert (last["status"], last["job"]) == ("failed", second.job_id)
    assert last["steps"]["evaluate"] == ["failed", 2]


def client(*what: str) -> list[str | Path]:
    script = REPOSITORY / "tests/gcp/cloud/vertex/zenml_run/three_steps.py"
    return [PYTHON, script, *what]


def quiet(state: Path) -> dict[str, str]:
    return {
        "ZENML_CONFIG_PATH": str(state / "client"),
        "ZENML_ANALYTICS_OPT_IN": "false",
        "ZENML_LOGGING_VERBOSITY": "WARNING",
        "ZENML_ENABLE_RICH_TRACEBACK": "false",
    }


def kill_client_of_first_job(cloud: Cloud, folder: Path) -> None:
    """Start a run, and kill its client when the job runs."""
    variables = {**cloud.environment, **quiet(cloud.state)}
    log = (cloud.state / "client.log").open("wb")
    with (
        log,
        subprocess.Popen(
            cloud.words(client("run")), env=variables, stdout=log, stderr=subprocess.STDOUT
        ) as process,
    ):
        running = {"load": "RUNNING"}
        wait_until(
            lambda: [j for j in read_jobs(folder).values() if j.states == running], "it runs", 120
        )
        for inside in psutil.Process(process.pid).children(recursive=True):
            inside.kill()
