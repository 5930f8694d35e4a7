"""The emulated Vertex AI: how it runs a job, and how it fails one."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import uuid4

import pytest

from tests.gcp.cloud.running import REPOSITORY, cannot
from tests.gcp.cloud.vertex.driving import PARENT, TRAINING, Driven, driven, python, start
from tests.gcp.cloud.vertex.faults import Faults, Preemption
from tests.servers import wait_until

pytestmark = pytest.mark.skipif(cannot() is not None, reason=str(cannot()))


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
    wait_until(lambda: vertex.job(job).states == {"load": "PENDING"}, "it is pending")
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


def test_what_a_killed_service_ran_has_failed(tmp_path: Path) -> None:
    with start(tmp_path) as process:
        created = Driven(process, tmp_path).create(python("load", "import signal; signal.pause()"))
        process.kill()
    with driven(tmp_path) as service:
        told = service.call("get_pipeline_job", name=created["result"]["name"])["result"]
    assert told["state"] == "PIPELINE_STATE_FAILED"
    assert "was stopped meanwhile" in told["error"]["message"]
