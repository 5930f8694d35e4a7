"""How much: everything about a run that is a number, checked as a whole before anything starts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from adclick.canary.policy import DeploymentOptions
from adclick.errors import AdclickError
from adclick.evaluation.options import EvaluationOptions
from adclick.evaluation.policy import Policy
from adclick.feedback.options import FeedbackOptions
from adclick.ingest.selection import ALL, check_selection
from adclick.monitoring.alert import AlertOptions
from adclick.monitoring.checks import DriftChecks
from adclick.resources import Resources
from adclick.retraining.options import RetrainingOptions
from adclick.sample_data.options import SampleOptions
from adclick.schedule import ScheduleOptions
from adclick.schema import describe
from adclick.splitting import SplitOptions
from adclick.statistics.anomaly import AnomalyOptions
from adclick.traffic import TrafficOptions
from adclick.training.options import TrainingOptions
from adclick.training.trials import TuningOptions

SUFFIXES = (".yaml", ".yml")


class RunConfig(BaseModel):
    """The contents of configs/NAME.yaml; what a file leaves out has its default.

    A section may be the name of a file beside it that holds the section, to be shared by several.
    `months` says which of the log's are used, see `adclick.ingest.selection`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    months: str = ALL
    sample_data: SampleOptions = SampleOptions()
    anomalies: AnomalyOptions = AnomalyOptions()
    split: SplitOptions = SplitOptions()
    training: TrainingOptions = TrainingOptions()
    tuning: TuningOptions = TuningOptions()
    evaluation: EvaluationOptions = EvaluationOptions()
    policy: Policy = Policy()
    deployment: DeploymentOptions = DeploymentOptions()
    traffic: TrafficOptions = TrafficOptions()
    feedback: FeedbackOptions = FeedbackOptions()
    monitoring: DriftChecks = DriftChecks()
    alerts: AlertOptions = AlertOptions()
    retraining: RetrainingOptions = RetrainingOptions()
    schedule: ScheduleOptions = ScheduleOptions()
    resources: Resources = Resources()

    @field_validator("months")
    @classmethod
    def _well_formed(cls, months: str) -> str:
        try:
            return check_selection(months)
        except AdclickError as error:
            raise ValueError(str(error)) from error


def load_config(path: Path) -> RunConfig:
    """The run configuration in a YAML file; raises AdclickError with the setting that is wrong."""
    told = _read(path, "name a YAML file with --config")
    try:
        return RunConfig.model_validate(_with_files(told, path) if isinstance(told, dict) else told)
    except ValidationError as error:
        raise AdclickError(f"{path}: {describe(error)}") from error


def _with_files(told: dict[str, Any], path: Path) -> dict[str, Any]:
    """What sections are that are named as files."""
    return {
        name: _read(path.parent / section, f"{path} names it for {name}")
        if isinstance(section, str) and section.endswith(SUFFIXES)
        else section
        for name, section in told.items()
    }


def _read(path: Path, what_to_do: str) -> Any:
    if not path.is_file():
        raise AdclickError(f"configuration {path} does not exist: {what_to_do}")
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        raise AdclickError(f"{path} is no YAML: {' '.join(str(error).split())}") from error
