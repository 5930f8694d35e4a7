"""Retraining as one step, for a schedule that starts pipelines of known steps alone."""

from __future__ import annotations

from contextvars import Context
from typing import Annotated, Any

from zenml import get_step_context, pipeline, step
from zenml.client import Client
from zenml.orchestrators import ContainerizedOrchestrator

import materializers  # noqa: F401  registers how our types travel
from adclick.card.code_version import CodeVersion
from adclick.config import RunConfig
from adclick.retraining.outcome import Retraining
from adclick.schema import Schema
from pipelines.outcome import Outcome
from pipelines.retrain import retrain


@pipeline
def scheduled_retraining(
    data: str,
    schema: Schema,
    model: str,
    config: RunConfig,
    code: CodeVersion,
    options: dict[str, Any],
) -> None:
    """Retrain by verdict, in runs of their own that have ZenML's `options`."""
    start_retraining(data, schema, model, config, code, options)


# it lies beside the pipelines that it starts: steps know no pipeline
@step(enable_cache=False)
def start_retraining(
    data: str,
    schema: Schema,
    model: str,
    config: RunConfig,
    code: CodeVersion,
    options: dict[str, Any],
) -> Annotated[Retraining, "retraining"]:
    """Submit each run of a retraining and wait for it, as `run.py --pipeline retraining` does.

    Their steps run in this step's image, so that none is built.
    """
    settings = options.get("settings", {}) | {"docker": _own_image()}
    # ZenML submits no run from within a step's context
    runs = Context().run(
        retrain, data, schema, model, config, code, {**options, "settings": settings}
    )
    outcome = Outcome(runs).retraining
    assert outcome is not None, "a retraining decides"
    print(f"{outcome.result}: {outcome.decision.reason}")
    return outcome


def _own_image() -> dict[str, Any]:
    context, orchestrator = get_step_context(), Client().active_stack.orchestrator
    assert isinstance(orchestrator, ContainerizedOrchestrator)
    assert context.pipeline_run.snapshot is not None
    image = orchestrator.get_image(context.pipeline_run.snapshot, context.step_run.name)
    return {"skip_build": True, "parent_image": image}
