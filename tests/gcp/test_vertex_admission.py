"""The emulated Vertex AI: what it reads in a submitted job, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gcp.cloud.vertex.driving import PARENT, TRAINING, Driven, python


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
