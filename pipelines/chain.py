"""Running pipelines one after the other in one process, which pays ZenML's start-up once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from zenml.models import PipelineRunResponse

from adclick.config import RunConfig
from adclick.schema import Schema
from pipelines.deployment import deployment
from pipelines.monitoring import monitoring
from pipelines.traffic import traffic
from pipelines.training import training
from pipelines.versions import may_deploy
from steps.model_versions import model_name


def run_chain(
    names: Iterable[str], data: str | None, schema: Schema, config: RunConfig, use_cache: bool
) -> list[PipelineRunResponse]:
    """Run the named pipelines in this order; returns their runs.

    After a training that leaves no version to deploy, the chain ends there.
    """
    model = model_name(schema.name)
    calls: dict[str, Callable[..., PipelineRunResponse]] = {
        "training": partial(_cached(training, use_cache), data, schema, model, config),
        "deployment": partial(_cached(deployment, use_cache), model),
        "traffic": partial(_cached(traffic, use_cache), model, config),
        "monitoring": partial(_cached(monitoring, use_cache), model, config),
    }
    runs: list[PipelineRunResponse] = []
    for name in names:
        if runs and name == "deployment" and not may_deploy(model):
            break
        print(f"\n{name}")
        runs.append(calls[name]())
    return runs


def _cached(pipeline: Callable[..., object], use_cache: bool) -> Callable[..., PipelineRunResponse]:
    return pipeline if use_cache else pipeline.with_options(enable_cache=False)
