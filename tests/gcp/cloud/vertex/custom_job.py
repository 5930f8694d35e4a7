"""Emulated: a task that starts a custom training job, read and checked as the service would.

Google's launcher component sends its payload to the JobService when the task starts; here it is
checked when the pipeline is submitted already, so that a test needs no run to see a refusal.
"""

from __future__ import annotations

import json
from typing import Any

from google.cloud.aiplatform_v1 import CustomJob
from google.protobuf import json_format
from google_cloud_pipeline_components.container.v1.gcp_launcher.utils import json_util

from tests.gcp.cloud.vertex import discovery, machines
from tests.gcp.cloud.vertex.refusal import invalid, unsupported
from tests.gcp.cloud.vertex.task import RetryPolicy, Task

LAUNCHER = "google_cloud_pipeline_components.container.v1.custom_job.launcher"
MOST_VARIABLES = 100


def is_launcher(command: list[str]) -> bool:
    """Whether a task of this command only starts a custom training job, and waits for it."""
    return LAUNCHER in command


def read(name: str, command: list[str], after: tuple[str, ...], retry: RetryPolicy) -> Task:
    """The task that the launcher's arguments describe; refused as Vertex AI would refuse it."""
    job = _custom_job(name, json.loads(command[command.index("--payload") + 1], strict=False))
    spec = job["jobSpec"]
    pools = spec["workerPoolSpecs"]
    for pool in pools:
        _check(name, pool)
    primary, scheduling = pools[0], spec.get("scheduling", {})
    if any(_without_count(pool) != _without_count(primary) for pool in pools[1:]):
        raise unsupported(f"worker pools that differ from each other ({name})")
    machine, container = primary["machineSpec"], primary["containerSpec"]
    return Task(
        name=name,
        image=container["imageUri"],
        command=(*container.get("command", []), *container.get("args", [])),
        environment={v["name"]: v.get("value", "") for v in container.get("env", [])},
        after=after,
        machine=machine["machineType"],
        accelerator=machine.get("acceleratorType"),
        accelerators=machine.get("acceleratorCount", 0),
        disk_type=primary.get("diskSpec", {}).get("bootDiskType"),
        disk_gb=primary.get("diskSpec", {}).get("bootDiskSizeGb"),
        spot=scheduling.get("strategy") == "SPOT",
        replicas=sum(int(pool["replicaCount"]) for pool in pools),
        timeout_seconds=float(scheduling.get("timeout", "604800s").removesuffix("s")),
        service_account=spec.get("serviceAccount"),
        retry=retry,
        custom_job_spec=json.dumps(spec),
    )


def _custom_job(name: str, payload: dict[str, Any]) -> dict[str, Any]:
    """The CustomJob that the launcher sends, as the API's JSON."""
    scheduling = payload.get("job_spec", {}).get("scheduling", {})
    if scheduling.get("strategy") != "FLEX_START":
        scheduling.pop("max_wait_duration", None)
    sent = json_util.recursive_remove_empty(payload)
    try:
        message = json_format.ParseDict(sent, CustomJob()._pb)
    except json_format.ParseError as error:
        raise invalid(f"custom job of task {name}: {error}") from error
    job: dict[str, Any] = json_format.MessageToDict(message)
    if problems := discovery.problems("CustomJob", job):
        raise invalid(f"custom job of task {name}: {'; '.join(problems)}")
    if not job.get("jobSpec", {}).get("workerPoolSpecs"):
        raise invalid(f"custom job of task {name}: job_spec.worker_pool_specs is required")
    return job


def _check(name: str, pool: dict[str, Any]) -> None:
    machine = pool.get("machineSpec", {})
    kind, gpu = machine.get("machineType", ""), machine.get("acceleratorType")
    count = machine.get("acceleratorCount", 0)
    if not machines.known(kind):
        raise invalid(f"Machine type '{kind}' of task {name} is not supported.")
    if gpu is None and (needed := machines.needs_gpus(kind)):
        raise invalid(f"Machine type '{kind}' of task {name} needs accelerators: {needed}.")
    if (gpu is None) != (count == 0):
        raise invalid(f"Accelerator type and count of task {name} go together.")
    if gpu is not None and count not in (allowed := machines.gpu_counts(kind, gpu)):
        counts = ", ".join(map(str, allowed)) or "none"
        raise invalid(
            f"Accelerator type '{gpu}' of task {name} with count {count} is not supported on "
            f"machine type '{kind}' (supported counts: {counts})."
        )
    if len(pool.get("containerSpec", {}).get("env", [])) > MOST_VARIABLES:
        raise invalid(f"Task {name} has more than {MOST_VARIABLES} environment variables.")


def _without_count(pool: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in pool.items() if key != "replicaCount"}
