"""Running a pipeline where it goes on without this process, and picking it up again."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from zenml.client import Client
from zenml.enums import ExecutionMode, ExecutionStatus
from zenml.models import PipelineRunResponse
from zenml.pipelines.pipeline_definition import Pipeline
from zenml.utils.run_utils import refresh_run_status

from adclick.errors import AdclickError
from pipelines.failures import raise_failure
from steps.caching import PACKAGES, ROOT

REQUEST = "adclick_request"
POLL_SECONDS = 5
UNFINISHED = (
    ExecutionStatus.INITIALIZING,
    ExecutionStatus.PROVISIONING,
    ExecutionStatus.RUNNING,
)


def run_to_end(
    pipeline: Pipeline, options: Mapping[str, Any], *arguments: Any
) -> PipelineRunResponse:
    """The finished run of the pipeline with these arguments and ZenML's `options`.

    Where runs go on without this process, one that it was killed in is waited for instead of being
    submitted a second time: same arguments, same code. Raises what a step raised; of a remote step,
    its AdclickError again, or a RuntimeError with the end of its log. A run that ended without
    success is an error whatever its steps say.
    """
    options = _failing_fast(options)
    if not _goes_on_alone():
        return _result(pipeline.with_options(**options)(*arguments))
    request = _fingerprint(pipeline.name, options, arguments)
    run = _going_on(pipeline.name, request)
    if run is not None:
        print(f"run {run.name} goes on already: waiting for it")
    else:
        configured = pipeline.with_options(**{**options, "extra": {REQUEST: request}})
        try:
            run = _result(configured(*arguments))
        except RuntimeError as error:
            raise_failure(_newest(pipeline.name, request), error)
            raise
    run = _wait(run)
    if not run.status.is_successful:
        raise_failure(run)
        raise RuntimeError(f"run {run.name} is {run.status}, though none of its steps failed")
    return run


def check_alone(
    model: str,
    pipelines: Sequence[Pipeline],
    options: Mapping[str, Any],
    arguments: tuple[Any, ...],
) -> None:
    """Raise AdclickError while another run of these pipelines for the model goes on.

    One that the first of them would be, with ZenML's `options` and these arguments, is not another:
    `run_to_end` waits for it. Runs of this machine's own hold its state folder's lock instead.
    """
    if not _goes_on_alone():
        return
    first, *_ = pipelines
    ours = _fingerprint(first.name, _failing_fast(options), arguments)
    for pipeline in pipelines:
        for run in _unfinished(pipeline.name):
            other = run.config.extra.get(REQUEST) != ours
            if other and run.config.parameters.get("model") == model and _is_alive(run):
                raise AdclickError(
                    f"run {run.name} of {model} goes on: one training at a time; wait for it, or "
                    "stop it in ZenML's dashboard"
                )


def _failing_fast(options: Mapping[str, Any]) -> Mapping[str, Any]:
    modes = Client().active_stack.orchestrator.supported_execution_modes
    fast = ExecutionMode.FAIL_FAST
    return {**options, "execution_mode": fast} if fast in modes else options


def _goes_on_alone() -> bool:
    """Whether runs of the active stack go on without this process."""
    return bool(Client().active_stack.orchestrator.config.is_remote)


def _going_on(pipeline: str, request: str) -> PipelineRunResponse | None:
    for run in _unfinished(pipeline):
        if run.config.extra.get(REQUEST) == request and _is_alive(run):
            return run
    return None


def _unfinished(pipeline: str) -> Iterator[PipelineRunResponse]:
    for status in UNFINISHED:
        yield from Client().list_pipeline_runs(pipeline=pipeline, status=status, hydrate=True)


def _is_alive(run: PipelineRunResponse) -> bool:
    """Whether the orchestrator knows the run; one killed before it was submitted is nowhere."""
    try:
        return not refresh_run_status(run).status.is_finished
    except ValueError:
        return False


def _newest(pipeline: str, request: str) -> PipelineRunResponse | None:
    runs = Client().list_pipeline_runs(
        pipeline=pipeline, sort_by="desc:created", size=1, hydrate=True
    )
    return next((run for run in runs if run.config.extra.get(REQUEST) == request), None)


def _wait(run: PipelineRunResponse) -> PipelineRunResponse:
    while not run.status.is_finished:
        time.sleep(POLL_SECONDS)
        refresh_run_status(run)
        run = Client().get_pipeline_run(run.id)
    return run


def _result(run: PipelineRunResponse | None) -> PipelineRunResponse:
    assert run is not None, "a pipeline without a schedule has a run"
    return run


def _fingerprint(name: str, options: Mapping[str, Any], arguments: tuple[Any, ...]) -> str:
    """Stands for what is run: the pipeline, its arguments and options, and our code."""
    parts = [
        argument.model_dump(mode="json") if isinstance(argument, BaseModel) else argument
        for argument in arguments
    ]
    asked = json.dumps([name, dict(options), parts], sort_keys=True, default=str)
    digest = hashlib.sha256(asked.encode())
    for package in sorted((*PACKAGES, "pipelines", "materializers", "stacks")):
        for file in sorted((ROOT / package).rglob("*.py")):
            digest.update(_content(file))
    return digest.hexdigest()[:16]


def _content(file: Path) -> bytes:
    return file.relative_to(ROOT).as_posix().encode() + file.read_bytes()
