"""Emulated: what Vertex AI checks of a submitted PipelineJob, and the tasks that it reads in it."""

from __future__ import annotations

import re
from graphlib import CycleError, TopologicalSorter
from typing import Any

from google.cloud.aiplatform_v1 import PipelineJob
from google.protobuf import json_format
from kfp.pipeline_spec.pipeline_spec_pb2 import (
    ComponentSpec,
    PipelineDeploymentConfig,
    PipelineSpec,
    PipelineTaskSpec,
)

from tests.gcp.cloud.vertex import custom_job, discovery, machines
from tests.gcp.cloud.vertex.placeholders import Place, resolve
from tests.gcp.cloud.vertex.refusal import invalid, unsupported
from tests.gcp.cloud.vertex.task import RetryPolicy, Task

_JOB_ID = re.compile(r"[a-z][-a-z0-9]{0,127}")
_LABEL = re.compile(r"[a-z0-9_-]{0,63}")


def admit(job: PipelineJob, place: Place) -> dict[str, Task]:
    """The job's tasks by their names, in the order of the spec; raises RefusalError."""
    content = json_format.MessageToDict(PipelineJob.pb(job))
    if problems := discovery.problems("PipelineJob", content):
        raise invalid(f"PipelineJob: {'; '.join(problems)}")
    if not _JOB_ID.fullmatch(place.job_id):
        raise invalid(f"pipeline_job_id '{place.job_id}' does not match {_JOB_ID.pattern}")
    for label in (*job.labels.keys(), *job.labels.values()):
        if not _LABEL.fullmatch(label):
            raise invalid(f"label '{label}' does not match {_LABEL.pattern}")
    if not place.root.startswith("gs://"):
        raise invalid("runtime_config.gcs_output_directory: a gs:// path is required")
    return _tasks(_spec(content.get("pipelineSpec", {})), place)


def _spec(content: dict[str, Any]) -> PipelineSpec:
    try:
        spec = json_format.ParseDict(content, PipelineSpec())
        # what a spec keeps in a free form, for other services than Google's
        json_format.ParseDict(content.get("deploymentSpec", {}), PipelineDeploymentConfig())
    except json_format.ParseError as error:
        raise invalid(f"pipeline_spec: {error}") from error
    if not spec.pipeline_info.name or not spec.root.dag.tasks:
        raise invalid("pipeline_spec: a pipelineInfo.name and tasks are required")
    return spec


def _tasks(spec: PipelineSpec, place: Place) -> dict[str, Task]:
    deployment = json_format.ParseDict(
        json_format.MessageToDict(spec.deployment_spec), PipelineDeploymentConfig()
    )
    found = dict(spec.root.dag.tasks.items())
    order = TopologicalSorter({key: task.dependent_tasks for key, task in found.items()})
    try:
        ordered = list(order.static_order())
    except CycleError as error:
        raise invalid(f"pipeline_spec: tasks wait for each other: {error.args[1]}") from error
    if unknown := set(ordered) - set(found):
        raise invalid(f"pipeline_spec: unknown tasks in dependentTasks: {sorted(unknown)}")
    tasks = {}
    for key in ordered:
        task = found[key]
        component = spec.components[task.component_ref.name]
        executor = deployment.executors[component.executor_label]
        if executor.WhichOneof("spec") != "container" or task.HasField("trigger_policy"):
            raise unsupported(f"tasks other than plain containers ({key})")
        after = tuple(found[name].task_info.name or name for name in task.dependent_tasks)
        name = task.task_info.name or key
        tasks[name] = _task(name, executor.container, component, task, after, place)
    return tasks


def _task(
    name: str,
    container: PipelineDeploymentConfig.PipelineContainerSpec,
    component: ComponentSpec,
    task: PipelineTaskSpec,
    after: tuple[str, ...],
    place: Place,
) -> Task:
    command = resolve([*container.command, *container.args], component, task, place)
    if custom_job.is_launcher(command):
        return custom_job.read(name, command, after, _retry(task))
    resources = container.resources
    gpu, gpus = _accelerator(name, resources.accelerator)
    values = resolve([variable.value for variable in container.env], component, task, place)
    return Task(
        name=name,
        image=container.image,
        command=tuple(command),
        environment={v.name: value for v, value in zip(container.env, values, strict=True)},
        after=after,
        cpus=resources.resource_cpu_limit or None,
        memory=resources.resource_memory_limit or None,
        accelerator=gpu,
        accelerators=gpus,
        service_account=place.service_account or None,
        retry=_retry(task),
    )


def _accelerator(
    name: str, asked: PipelineDeploymentConfig.PipelineContainerSpec.ResourceSpec.AcceleratorConfig
) -> tuple[str | None, int]:
    gpu = asked.resource_type or asked.type
    if not gpu:
        return None, 0
    if gpu not in discovery.accelerators():
        raise invalid(f"Accelerator type '{gpu}' of task {name} is not supported.")
    count = int(asked.resource_count or asked.count or 1)
    if count not in (allowed := machines.gpu_counts_anywhere(gpu)):
        raise invalid(
            f"Accelerator type '{gpu}' of task {name} with count {count} is not supported "
            f"(supported counts: {', '.join(map(str, sorted(allowed)))})."
        )
    return gpu, count


def _retry(task: PipelineTaskSpec) -> RetryPolicy:
    policy = task.retry_policy
    if not policy.max_retry_count:
        return RetryPolicy()
    return RetryPolicy(
        retries=policy.max_retry_count,
        seconds=policy.backoff_duration.ToTimedelta().total_seconds(),
        factor=policy.backoff_factor or 2.0,
        most_seconds=policy.backoff_max_duration.ToTimedelta().total_seconds() or 3600.0,
    )
