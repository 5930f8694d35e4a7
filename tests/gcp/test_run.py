"""Emulated: `python run.py --stack gcp`, as it is, through all pipelines, with faults."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from tests.gcp.cloud import names
from tests.gcp.cloud.faults import StorageFaults
from tests.gcp.cloud.running import PYTHON, REPOSITORY, Cloud, cannot, emulated_cloud
from tests.gcp.cloud.vertex.driving import wait_for
from tests.gcp.cloud.vertex.faults import Faults, Preemption
from tests.gcp.cloud.vertex.job import Job, log_files, read_jobs

pytestmark = [
    pytest.mark.lane,
    pytest.mark.skipif(cannot() is not None, reason=str(cannot())),
]
CONFIG = REPOSITORY / "tests/gcp/sample.yaml"
LOCAL = REPOSITORY / ".venv/bin/python"
JOB_SECONDS = 1200
SERVED_SECONDS = 120
EPOCH = re.compile(r"epoch \d+: logloss [\d.]+")


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A cloud in which storage is now and then unavailable, as the real one is."""
    with emulated_cloud(tmp_path_factory.mktemp("gcp") / "cloud") as cloud:
        StorageFaults(error_share=0.01, delay_seconds=0.01).set(cloud.state)
        yield cloud


@pytest.fixture(scope="module")
def first(cloud: Cloud) -> dict[str, Any]:
    """All pipelines: machines are lost at bad times, and the client dies while the model trains."""
    lost = {"train": Preemption(once="epoch 1"), "split": Preemption(once="has finished in")}
    Faults(preempted=lost).write(cloud.state / "vertex")
    kill_client_while(cloud, {"train": "RUNNING"})
    done = run(cloud)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "goes on already: waiting for it" in done.stdout
    Faults().write(cloud.state / "vertex")
    return summary(cloud)


def test_a_run_goes_through_and_serves(cloud: Cloud, first: dict[str, Any]) -> None:
    assert first["decision"]["promote"]
    assert first["serving"]["version"] == first["model"]["version"]
    assert first["serving"]["golden_checked"] > 0
    assert first["serving"]["requests"] == 40
    assert {drift["name"] for drift in first["drift"]} >= {"2026-04"}
    served = cloud.run([PYTHON, "run.py", "status", "--stack", "gcp"], **variables(cloud))
    assert first["model"]["version"] in served.stdout


def test_the_accelerator_is_in_the_job_on_the_training_step_alone(
    cloud: Cloud, first: dict[str, Any]
) -> None:
    assert first["stack"] == "gcp"
    tasks = {name: task for job in jobs(cloud) for name, task in job.tasks.items()}
    training = tasks.pop("train")
    assert (training.accelerator, training.accelerators) == ("NVIDIA_TESLA_T4", 1)
    assert (training.machine, training.disk_gb, training.spot) == ("n1-standard-8", 500, True)
    assert {task.accelerator for task in tasks.values()} == {None}
    assert {task.machine for task in tasks.values()} == {"n1-standard-4"}
    assert {task.spot for task in tasks.values()} == {False}
    assert {"ingest", "evaluate", "deploy", "report_months"} <= tasks.keys()


def test_the_client_that_came_back_submitted_nothing_twice(
    cloud: Cloud, first: dict[str, Any]
) -> None:
    assert first["pipeline"] == "all"
    runs = [job.tasks.keys() for job in jobs(cloud)]
    assert [("train" in tasks, "deploy" in tasks) for tasks in runs[:2]] == [
        (True, False),
        (False, True),
    ]


def test_a_machine_that_is_lost_is_replaced(cloud: Cloud, first: dict[str, Any]) -> None:
    """While it trains, and after its step was done, which is not done again."""
    assert first["decision"]["promote"]
    training = jobs(cloud)[0]
    assert (training.attempts["train"], training.attempts["split"]) == (2, 2)
    assert "split was done before this machine was started again" in training.log("split")


def test_the_model_is_the_local_stack_s(first: dict[str, Any], tmp_path: Path) -> None:
    home = tmp_path / "home"
    subprocess.run(
        [LOCAL, "run.py", "--stack", "local", "--pipeline", "training", "--config", CONFIG],
        cwd=REPOSITORY,
        env={**os.environ, "ADCLICK_HOME": str(home)},
        check=True,
        capture_output=True,
    )
    local = json.loads((home / "runs" / "latest.json").read_bytes())["model"]
    assert local["version"] == first["model"]["version"]
    for model, metrics in local["metrics"].items():
        for metric, figure in metrics.items():
            there = first["model"]["metrics"][model][metric]
            assert there["value"] == pytest.approx(figure["value"], abs=1e-6)


def test_reports_in_the_bucket_are_served_here(cloud: Cloud, first: dict[str, Any]) -> None:
    """From another process of the same machine, as a browser would ask."""
    page, _, project = first["urls"]["evidently"].partition("/projects/")
    command = cloud.words([PYTHON, "run.py", "reports", "--stack", "gcp"])
    environment = {**cloud.environment, **variables(cloud)}
    ask = ["curl", "--silent", "--fail", f"{page}/api/projects/{project}/reports"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as served:
        try:
            wait_for(lambda: cloud.run(ask).returncode == 0, SERVED_SECONDS)
            reports = json.loads(cloud.run(ask).stdout)
        finally:
            for inside in psutil.Process(served.pid).children(recursive=True):
                inside.kill()
            served.kill()
    assert {report["name"] for report in reports} >= {"2026-04"}


def test_the_next_run_trains_nothing(cloud: Cloud, first: dict[str, Any]) -> None:
    """What the data holds is known on a machine only: there a step finds out that it is cached."""
    again = run(cloud, "--pipeline", "training")
    assert again.returncode == 0, again.stderr[-3000:]
    cached = {step["step"] for step in summary(cloud)["steps"] if step["cached"]}
    assert {"ingest", "train", "train_baseline", "evaluate", "build_bundle"} <= cached
    assert summary(cloud)["model"]["version"] == first["model"]["version"]


def test_several_machines_train_one_model(cloud: Cloud, first: dict[str, Any]) -> None:
    """By a number in the configuration; another number of epochs makes the model a new one."""
    config = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    config["training"]["epochs"] = 1
    config["resources"]["steps"]["train"] |= {"workers": 2, "spot": False}
    workers = cloud.state / "workers.yaml"
    workers.write_text(yaml.safe_dump(config), encoding="utf-8")
    before = len(jobs(cloud))
    trained = run(cloud, "--pipeline", "training", "--config", str(workers))
    assert trained.returncode == 0, trained.stderr[-3000:]
    (job,) = jobs(cloud)[before:]
    assert (job.tasks["train"].replicas, job.tasks["evaluate"].replicas) == (2, 1)
    chief, worker = (
        EPOCH.findall(path.read_text(encoding="utf-8"))
        for path in log_files(job.folder, job.tasks["train"])
    )
    assert len(chief) == 1
    assert chief == worker
    assert summary(cloud)["model"]["version"] != first["model"]["version"]


def test_what_a_person_can_mend_is_said_in_one_line(cloud: Cloud, first: dict[str, Any]) -> None:
    assert first
    wrong = cloud.state / "wrong.yaml"
    text = (REPOSITORY / "configs/schemas/sample.yaml").read_text(encoding="utf-8")
    wrong.write_text(text.replace("name: sample", "name: other", 1), encoding="utf-8")
    empty = run(cloud, "--data", "gs://nowhere-to-be-found/log", "--schema", str(wrong))
    assert (empty.returncode, "Traceback" in empty.stderr) == (2, False)
    assert "data folder gs://nowhere-to-be-found/log does not exist" in empty.stderr


def test_a_refused_submission_says_why(cloud: Cloud, first: dict[str, Any]) -> None:
    assert first
    Faults(quota=True).write(cloud.state / "vertex")
    refused = run(cloud, "--pipeline", "training", "--no-cache")
    Faults().write(cloud.state / "vertex")
    assert refused.returncode == 1
    assert "429" in refused.stderr
    assert "quota" in refused.stderr.lower()


def test_a_step_that_fails_for_good_shows_its_log(cloud: Cloud, first: dict[str, Any]) -> None:
    assert first
    Faults(preempted={"find_data": Preemption(times=100)}).write(cloud.state / "vertex")
    failed = run(cloud, "--pipeline", "training", "--no-cache")
    Faults().write(cloud.state / "vertex")
    assert failed.returncode == 1
    assert "find_data" in failed.stderr


def run(cloud: Cloud, *options: str) -> subprocess.CompletedProcess[str]:
    return cloud.run(words(*options), JOB_SECONDS, **variables(cloud))


def words(*options: str) -> list[str | Path]:
    return [PYTHON, "run.py", "--stack", "gcp", "--config", CONFIG, *options]


def variables(cloud: Cloud) -> dict[str, str]:
    return {"ADCLICK_STEPS_IMAGE": names.STEPS_IMAGE, "ADCLICK_HOME": str(cloud.state / "home")}


def summary(cloud: Cloud) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((cloud.state / "home/runs/latest.json").read_bytes())
    return found


def jobs(cloud: Cloud) -> list[Job]:
    return list(read_jobs(cloud.state / "vertex").values())


def kill_client_while(cloud: Cloud, states: dict[str, str]) -> None:
    """Start a run, and kill its client when the newest job's tasks are in these states."""

    def reached() -> bool:
        return any(states.items() <= dict(job.states).items() for job in jobs(cloud))

    cloud.run_until(reached, words(), JOB_SECONDS, **variables(cloud))
