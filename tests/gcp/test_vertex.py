"""The emulated Vertex AI: what it refuses, what it reads in a job, how it runs one and fails it."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil
import pytest

from tests.gcp.cloud.running import PYTHON, REPOSITORY, Cloud, cannot, emulated_cloud
from tests.gcp.cloud.vertex.faults import Faults, Preemption
from tests.gcp.cloud.vertex.job import Job, read_jobs

pytestmark = pytest.mark.skipif(cannot() is not None, reason=str(cannot()))

PARENT = "projects/emulated-project/locations/us-central1"
SECONDS = 30.0
TRAINING = {
    "machine_type": "n1-standard-8",
    "accelerator_type": "NVIDIA_TESLA_T4",
    "accelerator_count": 2,
    "boot_disk_size_gb": 500,
    "strategy": "SPOT",
    "timeout": "3600s",
    "service_account": "trainer@emulated-project.iam.gserviceaccount.com",
}
_ids = count(1)


@dataclass
class Driven:
    """The service in a process of the gcp environment, and the real client beside it."""

    process: subprocess.Popen[str]
    state: Path

    def ask(self, **asked: Any) -> dict[str, Any]:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def call(self, method: str, **request: Any) -> dict[str, Any]:
        return self.ask(method=method, request=request)

    def create(self, *steps: dict[str, Any], **more: Any) -> dict[str, Any]:
        return self.submit(self.ask(compile=steps)["result"], **more)

    def submit(self, spec: dict[str, Any], **more: Any) -> dict[str, Any]:
        runtime = {"gcs_output_directory": "gs://bucket/root"} | more.pop("runtime_config", {})
        job = {"display_name": "steps", "pipeline_spec": spec, "runtime_config": runtime} | more
        name = f"job-{next(_ids)}"
        return self.call(
            "create_pipeline_job", parent=PARENT, pipeline_job_id=name, pipeline_job=job
        )

    def run(self, *steps: dict[str, Any], **more: Any) -> Job:
        return self.finished(self.create(*steps, **more))

    def finished(self, answer: dict[str, Any]) -> Job:
        name = job_id(answer)
        wait_for(lambda: self.job(name).finished)
        return self.job(name)

    def job(self, name: str) -> Job:
        return read_jobs(self.state)[name]


@pytest.fixture(scope="module")
def driven(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driven]:
    state = tmp_path_factory.mktemp("vertex")
    with start(state) as process:
        yield Driven(process, state)
        process.kill()


@pytest.fixture
def vertex(driven: Driven) -> Iterator[Driven]:
    Faults().write(driven.state)
    yield driven
    Faults().write(driven.state)


def start(state: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [PYTHON, "-m", "tests.gcp.cloud.vertex.driven", state],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def job_id(answer: dict[str, Any]) -> str:
    assert "result" in answer, answer
    return str(answer["result"]["name"]).rpartition("/")[2]


def python(name: str, code: str, *after: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "command": ["python", "-c", code], "after": after, **more}


def wait_for(condition: Callable[[], Any], seconds: float = SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def test_what_each_task_asks_for_is_read(vertex: Driven) -> None:
    job = vertex.run(
        python("load_data", "", environment={"RUN": "{{$.pipeline_job_name}}"}),
        python("train", "", "load_data", custom_job=TRAINING, environment={"A": "1"}),
        python("evaluate", "", "train", accelerator="NVIDIA_TESLA_T4"),
        labels={"team": "ads"},
        service_account="runner@emulated-project.iam.gserviceaccount.com",
    )
    assert (job.state, job.labels) == ("SUCCEEDED", {"team": "ads"})
    load, train, evaluate = (job.tasks[name] for name in ("load_data", "train", "evaluate"))
    assert (load.machine, load.accelerator, load.environment) == (None, None, {"RUN": job.job_id})
    assert (train.machine, train.accelerator, train.accelerators) == (
        "n1-standard-8",
        "NVIDIA_TESLA_T4",
        2,
    )
    assert (train.disk_gb, train.spot, train.replicas) == (500, True, 1)
    assert (train.timeout_seconds, train.service_account) == (3600, TRAINING["service_account"])
    assert (train.image, train.command) == ("image", ("python", "-c", ""))
    assert (train.environment, train.after) == ({"A": "1"}, ("load_data",))
    assert (evaluate.accelerator, evaluate.accelerators) == ("NVIDIA_TESLA_T4", 1)
    assert evaluate.service_account == job.service_account


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"accelerator_type": "T4"}, "Invalid enum value T4"),
        ({"machine_type": "e2-standard-8"}, "not supported on machine type 'e2-standard-8'"),
        ({"accelerator_count": 3}, r"count 3 is not supported .* \(supported counts: 1, 2, 4\)"),
        ({"machine_type": "n1-standard-32", "accelerator_count": 1}, "supported counts: 2, 4"),
        ({"machine_type": "n1-standard-5"}, "'n1-standard-5' of task train is not supported"),
        ({"machine_type": "g2-standard-8", "accelerator_type": ""}, "needs accelerators"),
        ({"strategy": "CHEAP"}, "Invalid enum value CHEAP"),
        ({"nfs_mounts": [{"sever": "1.2.3.4"}]}, 'no field named "sever"'),
    ],
)
def test_training_jobs_that_vertex_would_refuse(
    vertex: Driven, wrong: dict[str, Any], said: str
) -> None:
    refused = vertex.create(python("train", "", custom_job=TRAINING | wrong))
    assert refused["code"] == "INVALID_ARGUMENT"
    assert_matches(refused["message"], said)


def assert_matches(message: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        raise ValueError(message)


def test_pipelines_that_vertex_would_refuse(vertex: Driven) -> None:
    spec = vertex.ask(compile=[python("load", ""), python("score", "", "load")])["result"]
    tasks = spec["root"]["dag"]["tasks"]
    wrong_gpu = vertex.create(python("load", "", accelerator="NVIDIA_T4"))
    too_many = vertex.create(python("load", "", accelerator="NVIDIA_TESLA_T4", accelerators=3))
    for refused, said in (
        (vertex.submit(spec | {"compnents": {}}), 'no field named "compnents"'),
        (vertex.submit(spec, labels={"Team": "ads"}), "label 'Team'"),
        (vertex.submit(spec, runtime_config={"gcs_output_directory": "/tmp"}), "gs:// path"),
        (wrong_gpu, "Accelerator type 'NVIDIA_T4' of task load is not supported"),
        (too_many, "with count 3 is not supported"),
    ):
        assert (refused["code"], said in refused["message"]) == ("INVALID_ARGUMENT", True), refused
    tasks["load"]["dependentTasks"] = ["score"]
    assert "wait for each other" in vertex.submit(spec)["message"]


def test_a_name_is_taken_once(vertex: Driven) -> None:
    spec = vertex.ask(compile=[python("load", "")])["result"]
    runtime = {"gcs_output_directory": "gs://bucket/root"}
    job = {"display_name": "steps", "pipeline_spec": spec, "runtime_config": runtime}
    request = {"parent": PARENT, "pipeline_job_id": "taken", "pipeline_job": job}
    vertex.finished(vertex.call("create_pipeline_job", **request))
    assert vertex.call("create_pipeline_job", **request)["code"] == "ALREADY_EXISTS"


def test_a_step_sees_only_its_own(vertex: Driven, monkeypatch: pytest.MonkeyPatch) -> None:
    code = """
import json, os, pathlib
pathlib.Path("/app/left").write_text("here")
try:
    pathlib.Path("/root/left").write_text("there")
except OSError as error:
    print("refused", error.errno)
facts = {name: sorted(os.listdir(name)) for name in ("/app", "/tmp")}
facts["checkout"] = os.listdir(CHECKOUT)
facts["processes"] = [name for name in os.listdir("/proc") if name.isdecimal()]
print(json.dumps(facts | {"folder": os.getcwd(), "variables": sorted(os.environ)}))
""".replace("CHECKOUT", repr(str(REPOSITORY)))
    job = vertex.run(python("one", code, environment={"MINE": "1"}), python("two", code, "one"))
    for name, variables in (("one", ["MINE"]), ("two", [])):
        refused, facts = job.log(name).splitlines()
        known = json.loads(facts)
        own = {"HOME", "LANG", "PATH", "PWD", "SSL_CERT_FILE"}
        assert refused == "refused 30"
        assert (known["folder"], known["/app"], known["processes"]) == ("/app", ["left"], ["1"])
        assert known["checkout"] == [".venv-gcp"]
        assert set(known["variables"]) == own.union(variables)
    assert not Path("/app/left").exists()


def test_replicas_are_told_of_each_other(vertex: Driven) -> None:
    code = """
import json, os, signal, socket
config, spec = json.loads(os.environ["TF_CONFIG"]), json.loads(os.environ["CLUSTER_SPEC"])
task, cluster = config["task"], config["cluster"]
host, _, port = cluster["chief"][0].rpartition(":")
if task["type"] == "chief":
    server = socket.create_server((host, int(port)))
    met = sorted(server.accept()[0].makefile().readline().strip() for _ in cluster["worker"])
    print(json.dumps({"config": config, "spec": spec, "met": met}))
else:
    chief = None
    while chief is None:
        try:
            chief = socket.create_connection((host, int(port)))
        except ConnectionRefusedError:
            pass
    chief.sendall(f"worker {task['index']}\\n".encode())
    signal.pause()
"""
    job = vertex.run(python("train", code, custom_job=TRAINING | {"replica_count": 3}))
    assert job.state == "SUCCEEDED", job.log("train")
    known = json.loads(job.log("train"))
    assert known["met"] == ["worker 0", "worker 1"]
    config, spec = known["config"], known["spec"]
    assert (config["environment"], spec["environment"]) == ("cloud", "cloud")
    assert {role: len(hosts) for role, hosts in config["cluster"].items()} == {
        "chief": 1,
        "worker": 2,
    }
    assert config["cluster"]["worker"] == spec["cluster"]["workerpool1"]
    assert spec["task"]["type"] == "workerpool0"
    assert config["job"]["workerPoolSpecs"][1]["replicaCount"] == "2"
    assert job.tasks["train"].replicas == 3


def test_one_replica_is_no_cluster(vertex: Driven) -> None:
    code = "import os; print('TF_CONFIG' in os.environ, 'CLUSTER_SPEC' in os.environ)"
    assert vertex.run(python("train", code, custom_job=TRAINING)).log("train") == "False True\n"


def test_a_replica_that_fails_ends_all(vertex: Driven) -> None:
    code = """
import json, os, signal, sys
if json.loads(os.environ["TF_CONFIG"])["task"]["type"] == "worker":
    sys.exit(7)
signal.pause()
"""
    job = vertex.run(python("train", code, custom_job=TRAINING | {"replica_count": 2}))
    assert job.state == "FAILED"
    assert "The replica workerpool1-0 exited with a non-zero status of 7." in job.errors["train"]


def test_a_failed_task_fails_the_job_and_what_waits_for_it(vertex: Driven) -> None:
    answer = vertex.create(
        python("load", "raise SystemExit('no such bucket')"),
        python("train", "", "load"),
        python("score", "", "train"),
        python("report", "print('done')"),
    )
    job = vertex.finished(answer)
    assert job.states == {
        "load": "FAILED",
        "train": "NOT_TRIGGERED",
        "score": "NOT_TRIGGERED",
        "report": "SUCCEEDED",
    }
    assert "The failed tasks are: [load]." in job.error
    assert str(job.folder / "load.log") in job.errors["load"]
    assert job.log("load") == "no such bucket\n"
    told = vertex.call("get_pipeline_job", name=answer["result"]["name"])["result"]
    assert (told["state"], told["error"]["code"]) == ("PIPELINE_STATE_FAILED", 9)
    assert told["error"]["message"] == job.error


def test_a_retry_policy_is_kept_to(vertex: Driven) -> None:
    job = vertex.run(python("load", "print('tried'); raise SystemExit(1)", retries=2))
    assert (job.state, job.attempts, job.log("load")) == ("FAILED", {"load": 3}, "tried\n" * 3)


def test_a_spot_machine_taken_away_is_replaced(vertex: Driven) -> None:
    Faults(preempted={"train": Preemption(times=2, once="begun")}).write(vertex.state)
    job = vertex.run(python("train", "print('begun')", custom_job=TRAINING))
    assert (job.state, job.attempts["train"]) == ("SUCCEEDED", 3)
    assert job.log("train") == "begun\n" * 3


def test_a_spot_machine_taken_away_too_often_fails(vertex: Driven) -> None:
    Faults(preempted={"train": Preemption(times=9)}).write(vertex.state)
    job = vertex.run(python("train", "import signal; signal.pause()", custom_job=TRAINING))
    assert (job.state, job.attempts["train"]) == ("FAILED", 7)
    assert "STOCKOUT" in job.errors["train"]


def test_a_job_that_takes_too_long_is_ended(vertex: Driven) -> None:
    training = TRAINING | {"timeout": "1s"}
    job = vertex.run(python("train", "import signal; signal.pause()", custom_job=training))
    assert (job.state, "timeout of 1 s" in job.errors["train"]) == ("FAILED", True)


def test_no_quota(vertex: Driven) -> None:
    Faults(quota=True).write(vertex.state)
    refused = vertex.create(python("load", ""))
    assert (refused["code"], "quota" in refused["message"]) == ("RESOURCE_EXHAUSTED", True)


def test_a_slow_start_and_a_cancelled_job(vertex: Driven) -> None:
    Faults(start_seconds=600).write(vertex.state)
    name = vertex.create(python("load", ""), python("train", "", "load"))["result"]["name"]
    job = name.rpartition("/")[2]
    wait_for(lambda: vertex.job(job).states == {"load": "PENDING"})
    assert vertex.call("delete_pipeline_job", name=name)["code"] == "FAILED_PRECONDITION"
    assert vertex.call("cancel_pipeline_job", name=name) == {"result": None}
    ended = vertex.finished({"result": {"name": name}})
    assert (ended.state, ended.attempts) == ("CANCELLED", {})
    assert ended.states == {"load": "CANCELLED", "train": "NOT_TRIGGERED"}


def test_tasks_that_do_not_wait_run_at_once(vertex: Driven) -> None:
    """Each needs the other: one after the other they would never end."""
    common = "import os, socket; name = '\\0' + os.environ['MEET']\n"
    waits = common + "s = socket.socket(socket.AF_UNIX); s.bind(name); s.listen(); s.accept()"
    comes = common + (
        "s, met = socket.socket(socket.AF_UNIX), False\n"
        "while not met:\n"
        "    met = s.connect_ex(name) == 0\n"
    )
    meet = {"MEET": uuid4().hex}
    job = vertex.run(
        python("waits", waits, environment=meet), python("comes", comes, environment=meet)
    )
    assert job.state == "SUCCEEDED"


def test_jobs_are_listed_and_deleted(vertex: Driven) -> None:
    names = [vertex.create(python("load", ""), display_name=f"many-{i}") for i in (1, 2)]
    for answer in names:
        vertex.finished(answer)

    def listed(filter_: str) -> list[str]:
        found = vertex.call("list_pipeline_jobs", parent=PARENT, filter=filter_, page_size=1)
        return [job["displayName"] for job in found["result"]]

    assert listed('display_name="many-1"') == ["many-1"]
    assert listed('state="PIPELINE_STATE_SUCCEEDED" AND labels.a!=b')[:2] == ["many-2", "many-1"]
    name = names[0]["result"]["name"]
    assert vertex.call("delete_pipeline_job", name=name)["result"]["done"]
    assert listed('display_name="many-1"') == []
    assert vertex.call("get_pipeline_job", name=name)["code"] == "NOT_FOUND"


def test_what_a_stopped_service_ran_has_failed(tmp_path: Path) -> None:
    with start(tmp_path) as process:
        service = Driven(process, tmp_path)
        name = service.create(python("load", "print('begun', flush=True); input()"))["result"][
            "name"
        ]
        process.kill()
    with start(tmp_path) as process:
        service = Driven(process, tmp_path)
        told = service.call("get_pipeline_job", name=name)["result"]
        process.kill()
    assert told["state"] == "PIPELINE_STATE_FAILED"
    assert "was stopped meanwhile" in told["error"]["message"]


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
        wait_for(lambda: next(iter(read_jobs(folder).values())).finished, seconds=240)
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
        wait_for(lambda: [j for j in read_jobs(folder).values() if j.states == running], 120)
        for inside in psutil.Process(process.pid).children(recursive=True):
            inside.kill()
