"""What went wrong in a run elsewhere, in words for the person who started it."""

from __future__ import annotations

from collections import deque

from zenml.client import Client
from zenml.enums import ExecutionStatus
from zenml.log_stores.artifact.artifact_log_store import fetch_log_records
from zenml.models import PipelineRunResponse, StepRunResponse
from zenml.utils.logging_utils import search_logs_by_source

from adclick.errors import AdclickError

STEP = "step"  # ZenML's name of a step's own log, beside others
LOG_LINES = 20
MOST_LOG_LINES = 1_000_000


def raise_failure(run: PipelineRunResponse | None, cause: Exception | None = None) -> None:
    """Raise what the run's failed step raised, if one did.

    An AdclickError is one here again, since a person can mend it; anything else becomes a
    RuntimeError with the end of the step's log. A step that has no word of its own was killed.
    """
    if run is None:
        return
    steps = Client().get_pipeline_run(run.id).steps
    failed = [name for name, step in steps.items() if step.status == ExecutionStatus.FAILED]
    # a process that was killed could not say that its step failed
    killed = [name for name, step in steps.items() if step.status == ExecutionStatus.RUNNING]
    for name in failed or killed:
        _raise(name, steps[name], cause)


def _raise(name: str, step: StepRunResponse, cause: Exception | None) -> None:
    info = step.exception_info
    if info and info.source == f"{AdclickError.__module__}.{AdclickError.__name__}":
        raise AdclickError(str(info.message)) from cause
    why = f"{info.source}: {info.message}" if info else "it was killed, or ran out of memory"
    log = "\n".join(f"    {line}" for line in _end_of_log(step))
    raise RuntimeError(f"step {name} failed: {why}" + (f"\n{log}" if log else "")) from cause


def _end_of_log(step: StepRunResponse) -> list[str]:
    logs = search_logs_by_source(step.log_collection or [], STEP)
    if logs is None or logs.uri is None:
        return []
    store = Client().active_stack.artifact_store
    records = fetch_log_records(store, logs.uri, limit=MOST_LOG_LINES)
    return list(deque((record.message for record in records), maxlen=LOG_LINES))
