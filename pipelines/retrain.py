"""Retraining by verdict: monitoring, and what it asks for, as one chain of runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zenml.models import PipelineRunResponse

from adclick.card.code_version import CodeVersion
from adclick.config import RunConfig
from adclick.retraining.decision import RetrainingDecision, selection
from adclick.schema import Schema
from pipelines.deployment import deployment
from pipelines.outcome import Outcome
from pipelines.retraining import retraining
from pipelines.submission import check_alone, run_to_end
from pipelines.training import training
from steps.standing import note_retraining


def retrain(
    data: str,
    schema: Schema,
    model: str,
    config: RunConfig,
    code: CodeVersion,
    options: Mapping[str, Any],
) -> list[PipelineRunResponse]:
    """Monitor `data`; train and deploy where the decision is to retrain. Returns the runs.

    What came of it is noted with each run, and with the version that was made. Raises AdclickError
    while another training or deployment of the model goes on.
    """
    runs = [run_to_end(retraining, options, model, schema, config, data)]
    decision: RetrainingDecision = Outcome(runs).artifact("retraining_decision")
    if decision.retrain:
        arguments = (data, schema, model, _training_config(config, decision.months), code)
        check_alone(model, (training, deployment), options, arguments)
        print("\ntraining")
        runs.append(run_to_end(training, options, *arguments))
        if Outcome(runs).artifact("release").status == "staged":
            print("\ndeployment")
            runs.append(run_to_end(deployment, options, model, config))
    outcome = Outcome(runs).retraining
    assert outcome is not None
    note_retraining(model, outcome, [str(run.id) for run in runs])
    return runs


def _training_config(config: RunConfig, months: tuple[str, ...]) -> RunConfig:
    warm = config.training.model_copy(update={"warm_start": config.retraining.warm_start})
    return config.model_copy(update={"training": warm, "months": selection(months)})
