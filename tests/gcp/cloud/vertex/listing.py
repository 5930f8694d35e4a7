"""Emulated: the filters and orders that lists of PipelineJobs can have."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from google.cloud.aiplatform_v1 import PipelineJob

from tests.gcp.cloud.vertex.refusal import invalid, unsupported

_TERM = re.compile(r'\s*([\w.]+)\s*(!?=)\s*"?([^"]*?)"?\s*')
_FIELDS: dict[str, Callable[[PipelineJob], str]] = {
    "display_name": lambda job: str(job.display_name),
    "pipeline_job_user_id": lambda job: str(job.name).rpartition("/")[2],
    "pipeline_name": lambda job: str(job.pipeline_spec["pipelineInfo"]["name"]),
    "state": lambda job: str(job.state.name),
}


def selected(jobs: Iterable[PipelineJob], filter_: str, order: str) -> list[PipelineJob]:
    """The jobs that the filter lets through, in this order, or the newest first."""
    terms = [_term(text) for text in re.split(r"\s+AND\s+", filter_)] if filter_ else []
    found = [job for job in jobs if all(term(job) for term in terms)]
    field, _, direction = (order or "create_time desc").partition(" ")
    if field not in ("create_time", "update_time", "display_name", "end_time", "start_time"):
        raise invalid(f"order_by: jobs can't be ordered by '{field}'")
    found.sort(key=lambda job: _sort_key(job, field), reverse=direction.strip() == "desc")
    return found


def _sort_key(job: PipelineJob, field: str) -> Any:
    value = getattr(job, field)
    return value if isinstance(value, str) else (value.timestamp() if value else 0.0)


def _term(text: str) -> Callable[[PipelineJob], bool]:
    parts = _TERM.fullmatch(text)
    if parts is None:
        raise unsupported(f"the filter '{text}'")
    name, operator, value = parts.groups()
    if name.startswith("labels."):
        label = name.removeprefix("labels.")
        return lambda job: (job.labels.get(label) == value) == (operator == "=")
    name = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
    if name not in _FIELDS:
        raise unsupported(f"the filter '{text}'")
    return lambda job: (_FIELDS[name](job) == value) == (operator == "=")
