"""How much: everything about a run that is a number, checked as a whole before anything starts."""

from __future__ import annotations

from pathlib import Path

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


class RunConfig(BaseModel):
    """The contents of configs/NAME.yaml; what a file leaves out has its default.

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
    if not path.is_file():
        raise AdclickError(f"configuration {path} does not exist: name a YAML file with --config")
    try:
        return RunConfig.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    except yaml.YAMLError as error:
        raise AdclickError(f"{path} is no YAML: {' '.join(str(error).split())}") from error
    except ValidationError as error:
        raise AdclickError(f"{path}: {describe(error)}") from error
