"""Running pipelines one after the other in one process, which pays ZenML's start-up once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from zenml.models import PipelineRunResponse
from zenml.pipelines.pipeline_definition import Pipeline

from adclick.card.code_version import code_version
from adclick.config import RunConfig
from adclick.schema import Schema
from pipelines.deployment import deployment
from pipelines.monitoring import monitoring
from pipelines.retrain import retrain
from pipelines.scoring import scoring
from pipelines.submission import run_to_end
from pipelines.traffic import traffic
from pipelines.training import training
from pipelines.versions import may_deploy
from steps.caching import ROOT
from steps.model_versions import model_name


def run_chain(
    names: Iterable[str],
    data: str | None,
    schema: Schema,
    config: RunConfig,
    options: Mapping[str, Any],
    version: str | None = None,
) -> list[PipelineRunResponse]:
    """Run the named pipelines in this order, each with ZenML's `options`; returns their runs.

    After a training that leaves no version to deploy, the chain ends there. `version` scores, by
    default the one in production.
    """
    names = tuple(names)
    model, code = model_name(schema.name), code_version(ROOT)
    # what was just trained on is there already
    watched = None if "training" in names else data
    run = partial(_run, options)
    calls: dict[str, Callable[[], list[PipelineRunResponse]]] = {
        "training": partial(run, training, data, schema, model, config, code),
        "deployment": partial(run, deployment, model, config),
        "traffic": partial(run, traffic, model, config),
        "scoring": partial(run, scoring, model, schema, config.months, data, version),
        "monitoring": partial(run, monitoring, model, schema, config, watched),
        "retraining": partial(retrain, data, schema, model, config, code, options),
    }
    runs: list[PipelineRunResponse] = []
    for name in names:
        if runs and name == "deployment" and not may_deploy(model):
            break
        print(f"\n{name}")
        runs += calls[name]()
    return runs


def _run(
    options: Mapping[str, Any], pipeline: Pipeline, *arguments: Any
) -> list[PipelineRunResponse]:
    return [run_to_end(pipeline, options, *arguments)]
