"""Emulated: `python run.py --stack gcp`, as it is, through all pipelines, with faults."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from adclick.config import load_config
from adclick.sample_data.generate import generate
from tests.gcp.cloud import names
from tests.gcp.cloud.faults import StorageFaults
from tests.gcp.cloud.running import PYTHON, REPOSITORY, cannot, emulated_cloud
from tests.gcp.cloud.vertex.faults import Faults, Preemption
from tests.gcp.cloud.vertex.job import Job, log_files, read_jobs
from tests.gcp.lane import Lane
from tests.servers import wait_until

pytestmark = [
    pytest.mark.lane,
    pytest.mark.skipif(cannot() is not None, reason=str(cannot())),
]
CONFIG = REPOSITORY / "tests/gcp/sample.yaml"
SCHEMA = REPOSITORY / "configs/schemas/sample.yaml"
LATER = f"gs://{names.BUCKET}/later"
SERVED_SECONDS = 120
SCHEDULED_SECONDS = 900
RETRAINED_SECONDS = 1800
EPOCH = re.compile(r"epoch \d+: logloss [\d.]+")


@pytest.fixture(scope="module")
def lane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lane]:
    """A cloud in which storage is now and then unavailable, as the real one is."""
    folder = tmp_path_factory.mktemp("gcp")
    options = load_config(CONFIG).sample_data
    later = options.model_copy(update={"first_month": "2026-02", "base_rate": 0.4})
    with emulated_cloud(
        folder / "cloud", [f"{generate(later, folder / 'later').data}={LATER}"]
    ) as cloud:
        StorageFaults(error_share=0.01, delay_seconds=0.01).set(cloud.state)
        yield Lane(cloud, "gcp", CONFIG)


@pytest.fixture(scope="module")
def first(lane: Lane) -> dict[str, Any]:
    """All pipelines: machines are lost at bad times, and the client dies while the model trains."""
    lost = {"train": Preemption(once="epoch 1"), "split": Preemption(once="has finished in")}
    Faults(preempted=lost).write(lane.cloud.state / "vertex")
    kill_client_while(lane, {"train": "RUNNING"})
    done = lane.run()
    assert done.returncode == 0, done.stderr[-3000:]
    assert "goes on already: waiting for it" in done.stdout
    Faults().write(lane.cloud.state / "vertex")
    return lane.summary


def test_a_run_goes_through_and_serves(lane: Lane, first: dict[str, Any]) -> None:
    assert first["decision"]["promote"]
    assert first["serving"]["version"] == first["model"]["version"]
    assert first["serving"]["golden_checked"] > 0
    assert first["serving"]["requests"] == 40
    assert {drift["name"] for drift in first["drift"]} >= {"2026-04"}
    served = lane.cloud.run([PYTHON, "run.py", "status", "--stack", "gcp"], **lane.variables)
    assert first["model"]["version"] in served.stdout


def test_the_accelerator_is_in_the_job_on_the_training_step_alone(
    lane: Lane, first: dict[str, Any]
) -> None:
    assert first["stack"] == "gcp"
    tasks = {name: task for job in jobs(lane) for name, task in job.tasks.items()}
    training = tasks.pop("train")
    assert (training.accelerator, training.accelerators) == ("NVIDIA_TESLA_T4", 1)
    assert (training.machine, training.disk_gb, training.spot) == ("n1-standard-8", 500, True)
    assert {task.accelerator for task in tasks.values()} == {None}
    assert {task.machine for task in tasks.values()} == {"n1-standard-4"}
    assert {task.spot for task in tasks.values()} == {False}
    assert {"ingest", "evaluate", "deploy", "report_months"} <= tasks.keys()


def test_the_client_that_came_back_submitted_nothing_twice(
    lane: Lane, first: dict[str, Any]
) -> None:
    assert first["pipeline"] == "all"
    runs = [job.tasks.keys() for job in jobs(lane)]
    assert [("train" in tasks, "deploy" in tasks) for tasks in runs[:2]] == [
        (True, False),
        (False, True),
    ]


def test_a_machine_that_is_lost_is_replaced(lane: Lane, first: dict[str, Any]) -> None:
    """While it trains, and after its step was done, which is not done again."""
    assert first["decision"]["promote"]
    training = jobs(lane)[0]
    assert (training.attempts["train"], training.attempts["split"]) == (2, 2)
    assert "split was done before this machine was started again" in training.log("split")


def test_the_model_is_the_local_stack_s(lane: Lane, first: dict[str, Any], tmp_path: Path) -> None:
    lane.assert_local_model(first, tmp_path / "home")


def test_reports_in_the_bucket_are_served_here(lane: Lane, first: dict[str, Any]) -> None:
    """From another process of the same machine, as a browser would ask."""
    page, _, project = first["urls"]["evidently"].partition("/projects/")
    command = lane.cloud.words([PYTHON, "run.py", "reports", "--stack", "gcp"])
    environment = {**lane.cloud.environment, **lane.variables}
    ask = ["curl", "--silent", "--fail", f"{page}/api/projects/{project}/reports"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as served:
        try:
            wait_until(lambda: lane.cloud.run(ask).returncode == 0, "it is served", SERVED_SECONDS)
            reports = json.loads(lane.cloud.run(ask).stdout)
        finally:
            for inside in psutil.Process(served.pid).children(recursive=True):
                inside.kill()
            served.kill()
    assert {report["name"] for report in reports} >= {"2026-04"}


def test_monitoring_by_schedule_looks_its_champion_up_when_it_runs(
    lane: Lane, first: dict[str, Any]
) -> None:
    """The emulated schedule's first run is due at once; its client has gone by then."""
    assert first
    before = len(jobs(lane))
    sample = load_config(CONFIG).sample_data.fingerprint
    data = f"gs://{lane.cloud.environment['ADCLICK_BUCKET']}/artifacts/sample_data/{sample}"
    words = ("--pipeline", "monitoring", "--data", data, "--schema", str(SCHEMA))
    made = lane.command("schedule", *words)
    assert made.returncode == 0, made.stderr[-3000:]
    assert "monitoring of adclick-sample: 0 6 3 * * in UTC, next at " in made.stdout
    wait_until(lambda: jobs(lane)[before:][0].finished, "it ran", SCHEDULED_SECONDS)
    (job,) = jobs(lane)[before:]
    assert (job.state, job.error) == ("SUCCEEDED", "")
    assert {"ingest", "report_months", "judge", "publish_reports", "notify"} <= job.tasks.keys()
    again = lane.command("schedule", *words)
    assert (again.returncode, "Traceback" in again.stderr) == (2, False)
    assert "there is a schedule 'monitoring of adclick-sample'" in again.stderr


def test_the_next_run_trains_nothing(lane: Lane, first: dict[str, Any]) -> None:
    """What the data holds is known on a machine only: there a step finds out that it is cached."""
    again = lane.run("--pipeline", "training")
    assert again.returncode == 0, again.stderr[-3000:]
    cached = {step["step"] for step in lane.summary["steps"] if step["cached"]}
    assert {"train", "train_baseline", "evaluate", "build_bundle"} <= cached
    assert lane.summary["model"]["version"] == first["model"]["version"]


def test_several_machines_train_one_model(lane: Lane, first: dict[str, Any]) -> None:
    """By a number in the configuration; another number of epochs makes the model a new one."""
    config = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    config["training"]["epochs"] = 1
    config["resources"]["steps"]["train"] |= {"workers": 2, "spot": False}
    workers = lane.cloud.state / "workers.yaml"
    workers.write_text(yaml.safe_dump(config), encoding="utf-8")
    before = len(jobs(lane))
    trained = lane.run("--pipeline", "training", "--config", str(workers))
    assert trained.returncode == 0, trained.stderr[-3000:]
    (job,) = jobs(lane)[before:]
    assert (job.tasks["train"].replicas, job.tasks["evaluate"].replicas) == (2, 1)
    chief, worker = (
        EPOCH.findall(path.read_text(encoding="utf-8"))
        for path in log_files(job.folder, job.tasks["train"])
    )
    assert len(chief) == 1
    assert chief == worker
    assert lane.summary["model"]["version"] != first["model"]["version"]


def test_what_a_person_can_mend_is_said_in_one_line(lane: Lane, first: dict[str, Any]) -> None:
    assert first
    wrong = lane.cloud.state / "wrong.yaml"
    text = (REPOSITORY / "configs/schemas/sample.yaml").read_text(encoding="utf-8")
    wrong.write_text(text.replace("name: sample", "name: other", 1), encoding="utf-8")
    empty = lane.run("--data", "gs://nowhere-to-be-found/log", "--schema", str(wrong))
    assert (empty.returncode, "Traceback" in empty.stderr) == (2, False)
    assert "data folder gs://nowhere-to-be-found/log does not exist" in empty.stderr


def test_a_refused_submission_says_why(lane: Lane, first: dict[str, Any]) -> None:
    assert first
    Faults(quota=True).write(lane.cloud.state / "vertex")
    refused = lane.run("--pipeline", "training", "--no-cache")
    Faults().write(lane.cloud.state / "vertex")
    assert refused.returncode == 1
    assert "429" in refused.stderr
    assert "quota" in refused.stderr.lower()


def test_a_step_that_fails_for_good_shows_its_log(lane: Lane, first: dict[str, Any]) -> None:
    assert first
    Faults(preempted={"ingest": Preemption(times=100)}).write(lane.cloud.state / "vertex")
    failed = lane.run("--pipeline", "training", "--no-cache")
    Faults().write(lane.cloud.state / "vertex")
    assert failed.returncode == 1
    assert "ingest" in failed.stderr


def test_retraining_by_schedule_goes_all_the_way(lane: Lane, first: dict[str, Any]) -> None:
    """One step leads to three runs: the latest month is clicked so often that the verdict asks.

    It is clicked so often that the new model's scores are about as far from the champion's as a
    canary's may be; here they may be anywhere.
    """
    assert first
    config = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    config["retraining"] = {"cool_down_days": 0}
    config["deployment"] = {"canary": {"score_distance": 1.0}}
    eager = lane.cloud.state / "eager.yaml"
    eager.write_text(yaml.safe_dump(config), encoding="utf-8")
    before = len(jobs(lane))
    words = ("--data", LATER, "--schema", str(SCHEMA), "--config", str(eager))
    made = lane.command("schedule", "--pipeline", "retraining", *words)
    assert made.returncode == 0, made.stderr[-3000:]
    assert "retraining of adclick-sample: 0 6 3 * * in UTC, next at " in made.stdout
    wait_until(lambda: jobs(lane)[before:][0].finished, "it ran", RETRAINED_SECONDS)
    starter, *runs = jobs(lane)[before:]
    assert (starter.state, starter.error) == ("SUCCEEDED", "")
    assert "promoted: on 2026-02 to 2026-05, because of " in starter.log("start_retraining")
    assert starter.tasks["start_retraining"].machine == "n1-standard-4"
    assert [job.state for job in runs] == ["SUCCEEDED"] * 3
    monitored, trained, deployed = (job.tasks.keys() for job in runs)
    assert "decide_retraining" in monitored
    assert "train" in trained
    assert {"deploy", "promote"} <= deployed
    assert "promoted: every condition holds" in runs[-1].log("deploy")
    served = lane.cloud.run([PYTHON, "run.py", "status", "--stack", "gcp"], **lane.variables)
    assert f"rollback brings back {first['model']['version']}" in served.stdout


def jobs(lane: Lane) -> list[Job]:
    return list(read_jobs(lane.cloud.state / "vertex").values())


def kill_client_while(lane: Lane, states: dict[str, str]) -> None:
    """Start a run, and kill its client when the newest job's tasks are in these states."""

    def reached() -> bool:
        return any(states.items() <= dict(job.states).items() for job in jobs(lane))

    lane.kill_when(reached)
