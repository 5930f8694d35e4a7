"""Pipelines that the stack's orchestrator starts by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zenml.client import Client
from zenml.config.schedule import Schedule

from adclick.config import RunConfig
from adclick.errors import AdclickError
from adclick.schema import Schema
from pipelines.monitoring import monitoring
from steps.model_versions import model_name


def is_schedulable() -> bool:
    """Whether the active stack's orchestrator has schedules."""
    return bool(Client().active_stack.orchestrator.config.is_schedulable)


def schedule_monitoring(
    data: str, schema: Schema, config: RunConfig, options: Mapping[str, Any]
) -> str:
    """Have the orchestrator monitor `data` by `config.schedule`; returns the schedule's name.

    Each run looks up who is the champion then. Raises AdclickError where there is such a schedule.
    """
    model = model_name(schema.name)
    name = f"monitoring of {model}"
    if Client().list_schedules(name=name).items:
        raise AdclickError(
            f"there is a schedule {name!r}: delete it with `zenml pipeline schedule delete "
            f"{name!r}`, and in Vertex AI's list of schedules, before you make it anew"
        )
    schedule = Schedule(name=name, cron_expression=config.schedule.cron)
    monitoring.with_options(**options, schedule=schedule)(model, schema, config, data)
    return name
