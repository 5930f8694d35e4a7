"""Emulated Jobs, as Kubernetes' own client sees them: pods are real processes (needs root)."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client
from kubernetes.client import ApiException

from tests.container import Containers
from tests.gcp.cloud.room import why_not
from tests.kubernetes.emulated_api import TOKEN, EmulatedApi
from tests.kubernetes.emulated_cluster import EmulatedCluster
from tests.kubernetes.emulated_job_pod import PodHost
from tests.kubernetes.emulated_jobs import EmulatedJobs, PodFaults
from tests.kubernetes.emulated_jobs_api import JobsApi
from tests.servers import wait_until

pytestmark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))
NAMESPACE, ACCOUNT = "pipelines", "runner"
SECONDS = 20.0
ON_GPU = {
    "nodeSelector": {"cloud.google.com/gke-accelerator": "nvidia-tesla-t4"},
    "tolerations": [{"key": "cloud.google.com/gke-spot", "operator": "Equal", "value": "true"}],
}
LOOK = """
import os, pathlib, socket
account = pathlib.Path("/var/run/secrets/kubernetes.io/serviceaccount")
print(socket.gethostname() == os.environ["HOSTNAME"], os.environ["KUBERNETES_SERVICE_HOST"])
print(account.joinpath("namespace").read_text(), len(account.joinpath("token").read_text()) > 20)
print(pathlib.Path("%s").exists(), pathlib.Path.cwd(), os.environ["OWN"])
"""


@dataclass
class Jobs:
    """A cluster's API, its clients, and the folder of what pods write."""

    batch: client.BatchV1Api
    core: client.CoreV1Api
    folder: Path

    def create(self, name: str, words: list[str], **changes: Any) -> None:
        self.batch.create_namespaced_job(NAMESPACE, job(name, words, **changes))

    def pods(self, name: str) -> list[client.V1Pod]:
        selector = f"job-name={name}"
        found: list[client.V1Pod] = self.core.list_namespaced_pod(
            NAMESPACE, label_selector=selector
        ).items
        return found

    def end(self, name: str) -> tuple[str, str]:
        """The last condition's type and reason, once there is one."""

        def conditions() -> Any:
            return self.batch.read_namespaced_job(name, NAMESPACE).status.conditions

        last = wait_until(conditions, "the Job has ended", SECONDS)[-1]
        return last.type, last.reason


def job(name: str, words: list[str], gpu: bool = False, **changes: Any) -> dict[str, Any]:
    container: dict[str, Any] = {
        "name": "main",
        "image": "steps:1",
        "command": words[:1],
        "args": words[1:],
    }
    container["env"] = [{"name": "OWN", "value": "own"}]
    resources = {"requests": {"cpu": "2", "memory": "8Gi"}}
    container["resources"] = resources | ({"limits": {"nvidia.com/gpu": "1"}} if gpu else {})
    pod = {"restartPolicy": "Never", "serviceAccountName": ACCOUNT, "containers": [container]}
    template = {
        "metadata": {"labels": {"step_name": name}},
        "spec": pod | (ON_GPU if gpu else {}) | changes.pop("pod", {}),
    }
    metadata = {"name": name, **changes.pop("metadata", {})}
    return {"metadata": metadata, "spec": {"backoffLimit": 0, "template": template, **changes}}


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[Jobs]:
    folder = tmp_path / "jobs"
    (folder / "root").mkdir(parents=True)
    authority = tmp_path / "authority.pem"
    authority.write_text("none")
    containers = Containers(Path(sys.executable), {}, folder / "root")
    host = PodHost(containers, folder, ("203.0.113.5", 443), authority)
    emulated = EmulatedJobs(NAMESPACE, [ACCOUNT], host)
    api = EmulatedApi(EmulatedCluster(tmp_path / "pods"), jobs=JobsApi(emulated))
    yield _clients(api, TOKEN, folder)
    api.close()
    emulated.close()


def _clients(api: EmulatedApi, token: str, folder: Path) -> Jobs:
    configuration = client.Configuration(host=api.url)
    configuration.api_key = {"authorization": f"Bearer {token}"}
    connected = client.ApiClient(configuration)
    return Jobs(client.BatchV1Api(connected), client.CoreV1Api(connected), folder)


def test_a_job_s_pod_is_a_container_with_an_account(jobs: Jobs) -> None:
    repository = Path(__file__).resolve().parents[2]
    jobs.create("look", ["python", "-c", LOOK % (repository / "run.py")])
    assert jobs.end("look") == ("Complete", "CompletionsReached")
    (pod,) = jobs.pods("look")
    (container,) = pod.status.container_statuses
    assert (pod.status.phase, container.state.terminated.exit_code) == ("Succeeded", 0)
    assert (pod.spec.node_name, pod.metadata.owner_references[0].name) == ("gke-plain", "look")
    said = (jobs.folder / f"{pod.metadata.name}.log").read_text().split()
    assert said == ["True", "203.0.113.5", NAMESPACE, "True", "False", "/app", "own"]
    assert jobs.batch.read_namespaced_job("look", NAMESPACE).status.succeeded == 1


def test_pods_are_started_until_too_many_failed(jobs: Jobs) -> None:
    jobs.create("fail", ["sh", "-c", "exit 3"], backoffLimit=1)
    assert jobs.end("fail") == ("Failed", "BackoffLimitExceeded")
    codes = [
        pod.status.container_statuses[0].state.terminated.exit_code for pod in jobs.pods("fail")
    ]
    assert codes == [3, 3]
    assert jobs.batch.read_namespaced_job("fail", NAMESPACE).status.failed == 2


def test_an_exit_code_can_end_the_job(jobs: Jobs) -> None:
    codes = {"containerName": "main", "operator": "In", "values": [42]}
    policy = {"rules": [{"action": "FailJob", "onExitCodes": codes}]}
    jobs.create("stop", ["sh", "-c", "exit 42"], backoffLimit=5, podFailurePolicy=policy)
    assert jobs.end("stop") == ("Failed", "PodFailurePolicy")
    assert len(jobs.pods("stop")) == 1


def test_a_pod_whose_node_is_taken_away_is_disrupted(jobs: Jobs) -> None:
    PodFaults(preempted={"spot": "begun"}).write(jobs.folder)
    ignored = {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]}
    words = ["sh", "-c", "echo begun; sleep 1"]
    jobs.create("spot", words, gpu=True, podFailurePolicy={"rules": [ignored]})
    assert jobs.end("spot") == ("Complete", "CompletionsReached")
    first, second = jobs.pods("spot")
    assert (first.status.phase, second.status.phase) == ("Failed", "Succeeded")
    assert {condition.type for condition in first.status.conditions} >= {"DisruptionTarget"}
    assert first.status.container_statuses[0].state.terminated.exit_code == 137


def test_a_pod_has_its_time(jobs: Jobs) -> None:
    jobs.create("slow", ["sleep", "60"], pod={"activeDeadlineSeconds": 1})
    assert jobs.end("slow") == ("Failed", "BackoffLimitExceeded")
    assert jobs.pods("slow")[0].status.reason == "DeadlineExceeded"


def test_a_gpu_is_on_the_nodes_that_are_asked_for_it(jobs: Jobs) -> None:
    jobs.create("gpu", ["true"], gpu=True)
    assert jobs.end("gpu")[0] == "Complete"
    assert jobs.pods("gpu")[0].spec.node_name == "gke-gpu"
    jobs.create("lost", ["true"], gpu=True, pod={"tolerations": []})
    (pod,) = wait_until(lambda: jobs.pods("lost"), "it has a pod", SECONDS)
    (scheduled,) = pod.status.conditions
    assert (pod.status.phase, scheduled.reason) == ("Pending", "Unschedulable")
    assert "1 Insufficient nvidia.com/gpu" not in scheduled.message
    assert "untolerated taint {cloud.google.com/gke-spot: true}" in scheduled.message


@pytest.mark.parametrize(
    ("changes", "code", "said"),
    [
        ({"pod": {"restartPolicies": "Never"}}, 400, 'unknown field "job.spec.template.spec.re'),
        ({"backoffLimit": "3"}, 400, "'3' is no int"),
        ({"pod": {"restartPolicy": "Always"}}, 422, "restartPolicy: Unsupported value"),
        ({"pod": {"nodeSelector": {"zone": "a b"}}}, 422, "nodeSelector: Invalid value: zone=a b"),
        ({"metadata": {"name": "Not_A_Name"}}, 422, "metadata.name: Invalid value"),
        ({"parallelism": 2}, 422, "Emulated: one pod at a time"),
        ({"podFailurePolicy": {"rules": [{"action": "Count"}]}}, 422, "must have one of"),
    ],
)
def test_a_job_that_is_not_right_is_refused(
    jobs: Jobs, changes: dict[str, Any], code: int, said: str
) -> None:
    with pytest.raises(ApiException) as refused:
        jobs.create("wrong", ["true"], **changes)
    assert refused.value.status == code
    assert said in json.loads(refused.value.body)["message"]


@pytest.mark.parametrize(
    "resources",
    [
        {"requests": {"nvidia.com/gpu": "1"}},
        {"limits": {"nvidia.com/gpu": "0.5"}},
        {"requests": {"cpu": "2"}, "limits": {"cpu": "1"}},
        {"requests": {"memory": "8GiB"}},
    ],
)
def test_resources_that_no_node_can_give_are_refused(jobs: Jobs, resources: Any) -> None:
    wrong = job("wrong", ["true"])
    wrong["spec"]["template"]["spec"]["containers"][0]["resources"] = resources
    with pytest.raises(ApiException) as refused:
        jobs.batch.create_namespaced_job(NAMESPACE, wrong)
    assert refused.value.status == 422


def test_what_a_job_owns_is_deleted_with_it(jobs: Jobs) -> None:
    jobs.create("owner", ["sleep", "60"])
    owner = jobs.batch.read_namespaced_job("owner", NAMESPACE)
    reference = {"apiVersion": "batch/v1", "kind": "Job", "name": "owner"}
    metadata = {"ownerReferences": [reference | {"uid": owner.metadata.uid}]}
    jobs.create("owned", ["sleep", "60"], metadata=metadata)
    wait_until(
        lambda: [pod for pod in jobs.pods("owned") if pod.status.phase == "Running"],
        "its pod runs",
        SECONDS,
    )
    jobs.batch.delete_namespaced_job("owner", NAMESPACE, propagation_policy="Foreground")
    assert jobs.batch.list_namespaced_job(NAMESPACE).items == []
    assert jobs.core.list_namespaced_pod(NAMESPACE).items == []


def test_a_finished_job_is_kept_for_its_time(jobs: Jobs) -> None:
    jobs.create("brief", ["true"], ttlSecondsAfterFinished=0)
    wait_until(
        lambda: not jobs.batch.list_namespaced_job(NAMESPACE).items, "the Job is gone", SECONDS
    )


def test_a_pod_s_account_may_do_what_the_check_asks_for_and_no_more(jobs: Jobs) -> None:
    token = (jobs.folder / "accounts" / ACCOUNT / "token").read_text()
    configuration = jobs.batch.api_client.configuration
    configuration.api_key = {"authorization": f"bearer {token}"}
    jobs.create("own", ["true"])
    with pytest.raises(ApiException) as refused:
        jobs.core.delete_namespaced_pod("own", NAMESPACE)
    assert refused.value.status == 403
    with pytest.raises(ApiException) as refused:
        jobs.core.list_namespaced_pod("serving", label_selector="a=b")
    assert refused.value.status == 403
    configuration.api_key = {"authorization": "bearer nobody"}
    with pytest.raises(ApiException) as refused:
        jobs.pods("own")
    assert refused.value.status == 401
