"""What a call of run.py tells its user at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from zenml.models import PipelineRunResponse

from adclick.summary import RunSummary, StepTime
from pipelines.outcome import Outcome
from serving.client import curl
from serving.deployment import Status


def summarize(
    called: tuple[str, str],
    made: Sequence[StepTime],
    runs: list[PipelineRunResponse],
    serving: Status,
    pages: Mapping[str, str],
    seconds: float,
) -> RunSummary:
    """The summary of a call for (stack, pipeline).

    `made` is what was done before the `runs`, `serving` what serves after them, `pages` where to
    look next. A request to try is there if the runs had the bundle that serves.
    """
    stack, pipeline = called
    outcome = Outcome(runs)
    url, golden = serving.url, outcome.golden_request(serving.version)
    return RunSummary(
        stack=stack,
        pipeline=pipeline,
        steps=(*made, *outcome.steps),
        model=outcome.model,
        decision=outcome.decision,
        canary=outcome.canary,
        serving=outcome.serving,
        scoring=outcome.scoring,
        drift=outcome.drift,
        feedback=outcome.feedback,
        monitoring=outcome.monitoring,
        retraining=outcome.retraining,
        urls={**pages, **({"seldon": url} if url else {})},
        curl=curl(url, golden) if url and golden else None,
        seconds=seconds,
    )
