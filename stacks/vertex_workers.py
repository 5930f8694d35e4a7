"""The `vertex_workers` orchestrator: Vertex AI, with steps that train on several machines.

Vertex starts a step's own command on each of its machines (worker_pool_specs with `replica_count`).
ZenML knows of one process a step, so the chief is that one and records what it returns; the others
do the same work along with it, for their share of it, and record nothing.
"""

from __future__ import annotations

import logging
from typing import Any

from zenml.client import Client
from zenml.config.step_configurations import Step
from zenml.enums import ExecutionStatus
from zenml.integrations.gcp.flavors import VertexOrchestratorFlavor
from zenml.integrations.gcp.orchestrators import VertexOrchestrator
from zenml.models import PipelineRunResponse
from zenml.orchestrators.input_utils import resolve_step_inputs
from zenml.steps.base_step import BaseStep

from adclick.training.cluster import find_cluster

FLAVOR = "vertex_workers"

log = logging.getLogger(__name__)


class VertexWorkersOrchestrator(VertexOrchestrator):
    """ZenML's Vertex orchestrator, but for a step's machines beside the first and late restarts."""

    def run_step(self, step: Step) -> None:
        """Run the step as ZenML does; on a machine that is not the chief, work along with it.

        Vertex starts a machine again that was lost after the step was done, and the job fails if
        the step, which ZenML does not run twice, then does.
        """
        # there is none before the first step's machine has made it
        runs = Client().list_pipeline_runs(
            orchestrator_run_id=self.get_orchestrator_run_id(), hydrate=True
        )
        if any(_done(run, step.config.name) for run in runs):
            log.info("%s was done before this machine was started again", step.config.name)
        elif find_cluster().place == 0:
            super().run_step(step)
        else:
            (run,) = runs
            _call(step, run)


def _done(run: PipelineRunResponse, step: str) -> bool:
    done = ExecutionStatus.COMPLETED
    return Client().list_run_steps(pipeline_run_id=run.id, name=step, status=done).total > 0


def _call(step: Step, run: PipelineRunResponse) -> None:
    """Call the step's function with the inputs that the chief's step run has."""
    values: dict[str, Any] = dict(step.config.parameters)
    for name, artifacts in resolve_step_inputs(step=step, pipeline_run=run).items():
        (artifact,) = artifacts
        values[name] = artifact.load()
    BaseStep.load_from_source(step.spec.source).call_entrypoint(**values)


class VertexWorkersFlavor(VertexOrchestratorFlavor):
    """Registers the orchestrator with ZenML."""

    @property
    def name(self) -> str:
        """The flavor's name in stacks/*.yaml."""
        return FLAVOR

    @property
    def implementation_class(self) -> type[VertexWorkersOrchestrator]:
        """The component."""
        return VertexWorkersOrchestrator
