"""Emulated: `python run.py --stack kubernetes`, as it is, through all pipelines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.gcp.cloud import names
from tests.gcp.cloud.running import PYTHON, REPOSITORY, Cloud, cannot, emulated_cloud
from tests.gcp.lane import Lane
from tests.kubernetes.emulated_jobs import PodFaults

pytestmark = [
    pytest.mark.lane,
    pytest.mark.skipif(cannot() is not None, reason=str(cannot())),
]
CONFIG = REPOSITORY / "tests/gcp/sample_kubernetes.yaml"
GPU = "nvidia.com/gpu"
GKE_GPU = "cloud.google.com/gke-accelerator"
GKE_SPOT = "cloud.google.com/gke-spot"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A cloud with an ad log in its bucket that lacks columns."""
    folder = tmp_path_factory.mktemp("kubernetes")
    month = folder / "wrong/2026-01"
    month.mkdir(parents=True)
    (month / "impressions.csv").write_text("impression_id,time\n1,2026-01-01T00:00:00\n")
    seeds = (f"{folder}/wrong=gs://{names.BUCKET}/wrong",)
    with emulated_cloud(folder / "cloud", seeds) as cloud:
        yield cloud


@pytest.fixture(scope="module")
def lane(cloud: Cloud) -> Lane:
    return Lane(cloud, "kubernetes", CONFIG)


@pytest.fixture(scope="module")
def first(cloud: Cloud, lane: Lane) -> dict[str, Any]:
    """All pipelines: the spot node is taken away while the model trains."""
    PodFaults(preempted={"train": "epoch 1:"}).write(cloud.state / "jobs")
    done = lane.run()
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return lane.summary


def test_all_checks_hold(lane: Lane) -> None:
    checked = lane.run("--check")
    assert checked.returncode == 0, checked.stdout
    assert f"namespace {names.PIPELINE_NAMESPACE}" in checked.stdout
    assert f"account {names.PIPELINE_KUBERNETES_ACCOUNT}" in checked.stdout


def test_a_run_goes_through_and_serves(first: dict[str, Any]) -> None:
    assert first["stack"] == "kubernetes"
    assert first["decision"]["promote"]
    assert first["serving"]["version"] == first["model"]["version"]
    assert first["serving"]["golden_checked"] > 0
    assert first["serving"]["requests"] == 40
    assert {drift["name"] for drift in first["drift"]} >= {"2026-04"}


def test_each_step_is_a_pod_of_its_own(cloud: Cloud, first: dict[str, Any]) -> None:
    assert first
    pods = step_pods(cloud)
    assert {"ingest", "train", "evaluate", "register", "deploy", "report_months"} <= pods.keys()
    assert {len(of_step) for name, of_step in pods.items() if name != "train"} == {1}
    ended = {pod["status"]["phase"] for of_step in pods.values() for pod in of_step[-1:]}
    assert ended == {"Succeeded"}
    orchestrators = [job for job in shown(cloud)["jobs"] if "step_name" not in labels(job)]
    assert {labels(job)["pipeline"] for job in orchestrators} >= {"training", "deployment"}
    assert {job["status"]["succeeded"] for job in orchestrators} == {1}


def test_the_gpu_is_on_the_training_step_s_pod_alone(cloud: Cloud, first: dict[str, Any]) -> None:
    assert first
    pods = step_pods(cloud)
    for training in pods.pop("train"):
        assert resources(training)["limits"] == {GPU: "1"}
        assert resources(training)["requests"] == {"cpu": "6", "memory": "24Gi"}
        selector = {GKE_GPU: "nvidia-tesla-t4", GKE_SPOT: "true"}
        assert training["spec"]["nodeSelector"] == selector
        tolerated = {each["key"] for each in training["spec"]["tolerations"]}
        assert tolerated == {GKE_SPOT, GPU}
        assert training["spec"]["nodeName"] == "gke-gpu"
        assert training["spec"]["activeDeadlineSeconds"] == 6 * 3600
    others = [pod for pod in shown(cloud)["pods"] if labels(pod).get("step_name") != "train"]
    assert len(others) > len(pods)
    assert {pod["spec"]["nodeName"] for pod in others} == {"gke-plain"}
    assert not [pod for pod in others if GPU in json.dumps(resources(pod))]
    assert not [pod for pod in others if pod["spec"].get("nodeSelector")]


def test_a_pod_whose_node_was_taken_away_is_replaced(cloud: Cloud, first: dict[str, Any]) -> None:
    assert first
    lost, trained = step_pods(cloud)["train"]
    assert (lost["status"]["phase"], lost["status"]["reason"]) == ("Failed", "Terminated")
    assert trained["status"]["phase"] == "Succeeded"
    (job,) = [job for job in shown(cloud)["jobs"] if labels(job).get("step_name") == "train"]
    assert (job["spec"]["backoffLimit"], job["status"]["failed"]) == (3, 1)


def test_the_model_is_the_local_stack_s(lane: Lane, first: dict[str, Any], tmp_path: Path) -> None:
    lane.assert_local_model(first, tmp_path / "home")


def test_what_a_step_raises_reaches_the_client_that_came_back(cloud: Cloud, lane: Lane) -> None:
    schema = REPOSITORY / "configs/schemas/sample.yaml"
    options = ("--data", f"gs://{names.BUCKET}/wrong", "--schema", str(schema))
    before = pod_logs(cloud)
    lane.kill_when(lambda: pod_logs(cloud) > before, *options)
    raised = lane.run(*options)
    assert "goes on already: waiting for it" in raised.stdout
    assert (raised.returncode, "Traceback" in raised.stderr) == (2, False)
    assert "clicked" in raised.stderr
    attempts = [log for log in pod_logs(cloud) - before if "-ingest-" in log.name]
    assert len(attempts) == 3


def test_a_run_without_jobs_is_nowhere(cloud: Cloud, lane: Lane) -> None:
    asked = cloud.run([PYTHON, "-m", "tests.gcp.in_cloud.lost_run"], 120.0, **lane.variables)
    assert asked.returncode == 0, asked.stderr
    before, after = json.loads(asked.stdout.splitlines()[-1])
    assert "no Job" not in before
    assert f"has no Job in {names.PIPELINE_NAMESPACE}" in after


def pod_logs(cloud: Cloud) -> set[Path]:
    return set((cloud.state / "jobs").glob("*.log"))


def shown(cloud: Cloud) -> dict[str, list[dict[str, Any]]]:
    """The Jobs and the pods, as the cluster's API shows them."""
    asked = cloud.run([PYTHON, "-m", "tests.gcp.in_cloud.jobs"])
    found: dict[str, list[dict[str, Any]]] = json.loads(asked.stdout)
    return found


def step_pods(cloud: Cloud) -> dict[str, list[dict[str, Any]]]:
    """The steps' pods, by their steps."""
    found: dict[str, list[dict[str, Any]]] = {}
    for pod in shown(cloud)["pods"]:
        if step := labels(pod).get("step_name"):
            found.setdefault(step, []).append(pod)
    return found


def labels(resource: dict[str, Any]) -> dict[str, str]:
    found: dict[str, str] = resource["metadata"]["labels"]
    return found


def resources(pod: dict[str, Any]) -> dict[str, dict[str, str]]:
    (container,) = pod["spec"]["containers"]
    found: dict[str, dict[str, str]] = container["resources"]
    return found
