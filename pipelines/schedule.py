"""Pipelines that the stack's orchestrator starts by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zenml.client import Client
from zenml.config.schedule import Schedule

from adclick.card.code_version import code_version
from adclick.config import RunConfig
from adclick.errors import AdclickError
from adclick.schema import Schema
from pipelines.monitoring import monitoring
from pipelines.scheduled_retraining import scheduled_retraining
from steps.caching import ROOT
from steps.model_versions import model_name


def is_schedulable() -> bool:
    """Whether the active stack's orchestrator has schedules."""
    return bool(Client().active_stack.orchestrator.config.is_schedulable)


def make_schedule(
    pipeline: str, data: str, schema: Schema, config: RunConfig, options: Mapping[str, Any]
) -> str:
    """Have the orchestrator start 'monitoring' or 'retraining' of `data` by `config.schedule`.

    Returns the schedule's name. Each run looks up who is the champion then. Raises AdclickError
    where there is such a schedule.
    """
    model = model_name(schema.name)
    name = f"{pipeline} of {model}"
    if Client().list_schedules(name=name).items:
        raise AdclickError(
            f"there is a schedule {name!r}: delete it with `zenml pipeline schedule delete "
            f"{name!r}`, and in Vertex AI's list of schedules, before you make it anew"
        )
    scheduled = {**options, "schedule": Schedule(name=name, cron_expression=config.schedule.cron)}
    if pipeline == "monitoring":
        monitoring.with_options(**scheduled)(model, schema, config, data)
    else:
        code = code_version(ROOT)
        arguments = (data, schema, model, config, code, dict(options))
        scheduled_retraining.with_options(**scheduled)(*arguments)
    return name
