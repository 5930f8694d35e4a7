"""Pipelines in the form that ZenML's Vertex orchestrator submits, without ZenML: for quick tests.

Made by the same functions of KFP and of Google's pipeline components. KFP looks at annotations as
objects, which they are not where they are postponed.
"""

import json
import tempfile
from pathlib import Path
from types import FunctionType
from typing import Any

from google_cloud_pipeline_components.v1.custom_job import utils
from kfp import dsl
from kfp.compiler import Compiler
from kfp.dsl.base_component import BaseComponent
from pydantic import BaseModel, ConfigDict


class Step(BaseModel):
    """A step as a container; with `custom_job` (the parameters of one) as a training job."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    command: list[str]
    after: list[str] = []
    environment: dict[str, str] = {}
    accelerator: str | None = None
    accelerators: int = 1
    custom_job: dict[str, Any] | None = None
    retries: int = 0


def compile_steps(steps: list[Step]) -> dict[str, Any]:
    """The pipeline specification of these steps, as JSON."""

    @dsl.pipeline(name="steps")
    def pipeline() -> None:
        tasks: dict[str, dsl.PipelineTask] = {}
        for step in steps:
            tasks[step.name] = _task(step).after(*(tasks[name] for name in step.after))

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "steps.json"
        Compiler().compile(pipeline, str(file))
        spec: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return spec


def _task(step: Step) -> dsl.PipelineTask:
    component = _component(step)
    if step.custom_job is not None:
        env = [{"name": name, "value": value} for name, value in step.environment.items()]
        component = utils.create_custom_training_job_from_component(
            component, env=env, **step.custom_job
        )
    task = component().set_display_name(step.name).set_caching_options(False)
    if step.retries:
        task.set_retry(step.retries, backoff_duration="0s")
    if step.custom_job is None:
        for name, value in step.environment.items():
            task.set_env_variable(name, value)
    if step.accelerator:
        task.set_accelerator_type(step.accelerator).set_accelerator_limit(step.accelerators)
    return task


def _component(step: Step) -> BaseComponent:
    def container() -> dsl.ContainerSpec:
        return dsl.ContainerSpec(image="image", command=step.command[:1], args=step.command[1:])

    named = FunctionType(
        container.__code__, container.__globals__, step.name, None, container.__closure__
    )
    return dsl.container_component(named)
