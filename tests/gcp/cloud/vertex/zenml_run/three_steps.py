"""A small ZenML pipeline for Vertex AI, run inside of an emulated cloud: `three_steps.py WHAT...`.

`run` runs it, `fail` with a last step that fails for good; errors are printed. `tell` prints what
ZenML knows of all runs, as JSON. It has a folder of its own, which ZenML uploads as the code.
"""

import json
import logging
import os
import sys
from pathlib import Path
from threading import Event
from typing import Annotated

from zenml import get_step_context, pipeline, step
from zenml.client import Client
from zenml.config import DockerSettings
from zenml.config.retry_config import StepRetryConfig
from zenml.enums import StackComponentType
from zenml.integrations.gcp.flavors.vertex_orchestrator_flavor import VertexOrchestratorSettings
from zenml.integrations.gcp.vertex_custom_job_parameters import VertexCustomJobParameters

UNTIL_TAKEN_AWAY_SECONDS = 120.0
PROJECT, BUCKET = os.environ.get("GCP_PROJECT", ""), os.environ.get("ADCLICK_BUCKET", "")
TRAINING = VertexCustomJobParameters(
    machine_type="n1-standard-8",
    accelerator_type="NVIDIA_TESLA_T4",
    accelerator_count=1,
    additional_training_job_args={"strategy": "SPOT", "timeout": "3600s"},
)


@step
def load() -> Annotated[int, "rows"]:
    return 21


@step(
    settings={"orchestrator": VertexOrchestratorSettings(custom_job_parameters=TRAINING)},
    retry=StepRetryConfig(max_retries=2, delay=0, backoff=1),
)
def train(rows: int) -> Annotated[int, "model"]:
    print("training in", Path.cwd(), flush=True)
    if get_step_context().step_run.version == 1:
        # A step that finishes before its spot machine is taken away can't be run again by ZenML.
        Event().wait(UNTIL_TAKEN_AWAY_SECONDS)
    return 2 * rows


@step(retry=StepRetryConfig(max_retries=1, delay=0, backoff=1))
def evaluate(model: int, fail: bool) -> Annotated[str, "verdict"]:
    tried = get_step_context().step_run.version
    if fail or tried == 1:
        raise ValueError(f"evaluation {tried} of {model} went wrong")
    return f"model {model} at attempt {tried}"


@pipeline(settings={"docker": DockerSettings(skip_build=True, parent_image="steps:emulated")})
def three_steps(fail: bool) -> None:
    evaluate(train(load()), fail)


def register() -> None:
    """The stack, made active; without connectors, with the machine's own account."""
    client = Client()
    kinds = StackComponentType
    components = {
        kinds.ORCHESTRATOR: ("vertex", {"project": PROJECT, "location": os.environ["GCP_REGION"]}),
        kinds.ARTIFACT_STORE: ("gcp", {"path": f"gs://{BUCKET}/three-steps"}),
        kinds.CONTAINER_REGISTRY: ("gcp", {"uri": os.environ["ADCLICK_REGISTRY"]}),
        kinds.IMAGE_BUILDER: ("local", {}),
    }
    if not client.list_stacks(name="three-steps").items:
        for kind, (flavor, configuration) in components.items():
            client.create_stack_component("three-steps", flavor, kind, configuration)
        client.create_stack("three-steps", dict.fromkeys(components, "three-steps"))
    client.activate_stack("three-steps")


def attempt(fail: bool) -> None:
    """A run, waited for until it ends on Vertex AI."""
    try:
        three_steps(fail)
    except Exception as error:
        print(" ".join(str(error).split()), flush=True)


def tell() -> None:
    """The runs, the oldest first, with the job's id and each step's state and version."""
    told = []
    for run in Client().list_pipeline_runs(sort_by="asc:created", hydrate=True):
        steps = {name: [step.status.value, step.version] for name, step in run.steps.items()}
        told.append({"job": run.orchestrator_run_id, "status": run.status.value, "steps": steps})
    print(json.dumps(told), flush=True)


def main() -> None:
    register()
    for what in sys.argv[1:]:
        if what == "tell":
            tell()
        else:
            attempt(fail=what == "fail")


if __name__ == "__main__":
    main()
    logging.shutdown()
