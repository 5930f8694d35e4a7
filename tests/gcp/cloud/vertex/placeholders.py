"""Emulated: the values that Vertex AI puts for the `{{$...}}` of a pipeline's commands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from google.protobuf import json_format
from google_cloud_pipeline_components import _placeholders as google
from kfp import dsl
from kfp.local import placeholder_utils
from kfp.pipeline_spec.pipeline_spec_pb2 import ComponentSpec, PipelineTaskSpec

from tests.gcp.cloud.vertex.refusal import unsupported


@dataclass(frozen=True)
class Place:
    """The job that placeholders are resolved for; `uuid` is the service's own number of it."""

    project: str
    location: str
    job_id: str
    uuid: str
    root: str
    service_account: str
    network: str

    @property
    def name(self) -> str:
        return f"projects/{self.project}/locations/{self.location}/pipelineJobs/{self.job_id}"


def resolve(
    words: list[str], component: ComponentSpec, task: PipelineTaskSpec, place: Place
) -> list[str]:
    """These words of the task's command or environment, with values for all placeholders."""
    values = {
        "pipeline_resource_name": place.job_id,
        "task_resource_name": task.task_info.name,
        "pipeline_root": place.root,
        "unique_pipeline_id": place.uuid,
    }
    executor_input = {
        "inputs": {"parameterValues": _inputs(component, task, place)},
        "outputs": _outputs(component),
    }
    placed = [_google(word, place) for word in words]
    return placeholder_utils.replace_placeholders(placed, executor_input, **values)


def _inputs(component: ComponentSpec, task: PipelineTaskSpec, place: Place) -> dict[str, Any]:
    inputs: dict[str, Any] = {
        name: json_format.MessageToDict(parameter.default_value)
        for name, parameter in component.input_definitions.parameters.items()
    }
    for name, given in task.inputs.parameters.items():
        if given.WhichOneof("kind") != "runtime_value":
            raise unsupported(f"inputs from other tasks ({task.task_info.name}: {name})")
        inputs[name] = json_format.MessageToDict(given.runtime_value.constant)
    if task.inputs.artifacts:
        raise unsupported(f"input artifacts ({task.task_info.name})")
    placed = _everywhere(inputs, place)
    assert isinstance(placed, dict)
    return placed


def _everywhere(value: Any, place: Place) -> Any:
    """The constant placeholders inside of values, which are not resolved a second time later."""
    if isinstance(value, dict):
        return {key: _everywhere(inner, place) for key, inner in value.items()}
    if isinstance(value, list):
        return [_everywhere(inner, place) for inner in value]
    return _google(value, place) if isinstance(value, str) else value


def _outputs(component: ComponentSpec) -> dict[str, Any]:
    folder = "/tmp/vertex-outputs"
    parameters = component.output_definitions.parameters
    return {
        "parameters": {name: {"outputFile": f"{folder}/{name}"} for name in parameters},
        "outputFile": f"{folder}/executor_output.json",
    }


def _google(word: str, place: Place) -> str:
    """What only Vertex AI knows, and the constants that KFP's local runner leaves out."""
    for placeholder, value in {
        google.PROJECT_ID_PLACEHOLDER: place.project,
        google.LOCATION_PLACEHOLDER: place.location,
        google.SERVICE_ACCOUNT_PLACEHOLDER: place.service_account,
        google.NETWORK_PLACEHOLDER: place.network,
        google.PERSISTENT_RESOURCE_ID_PLACEHOLDER: "",
        google.ENCRYPTION_SPEC_KMS_KEY_NAME_PLACEHOLDER: "",
        dsl.PIPELINE_JOB_RESOURCE_NAME_PLACEHOLDER: place.name,
        dsl.PIPELINE_JOB_NAME_PLACEHOLDER: place.job_id,
        dsl.PIPELINE_JOB_ID_PLACEHOLDER: place.uuid,
    }.items():
        word = word.replace(placeholder, value)
    return word
