"""What pipeline runs did, read back from ZenML."""

from __future__ import annotations

from typing import Any

from zenml.enums import ExecutionStatus
from zenml.models import PipelineRunResponse, StepRunResponse

from adclick.bundle.bundle import ServingBundle
from adclick.canary.trial import CanaryTrial
from adclick.evaluation.decision import Decision
from adclick.evaluation.evaluation import Evaluation
from adclick.feedback.join import JoinCounts
from adclick.feedback.predictions import LabelledPredictions
from adclick.monitoring.alert import ADVICE
from adclick.monitoring.reports import DriftReports
from adclick.monitoring.verdict import Judgement
from adclick.release import Release
from adclick.retraining.decision import RetrainingDecision
from adclick.retraining.outcome import Retraining, result_of
from adclick.scoring.scores import Scores
from adclick.summary import (
    DriftSummary,
    ModelSummary,
    MonitoringSummary,
    ScoringSummary,
    ServingSummary,
    StepTime,
)
from adclick.traffic import TrafficReport
from serving.deployment import Deployment


class Outcome:
    """The runs of one call of run.py: their steps, and artifacts by name."""

    def __init__(self, runs: list[PipelineRunResponse]) -> None:
        self._runs = {run.pipeline.name: run.name for run in runs if run.pipeline}
        self._steps = [
            (run.pipeline.name if run.pipeline else run.name, name, step)
            for run in runs
            for name, step in _in_order(run)
        ]
        self._loaded: dict[str, Any] = {}

    def artifact(self, name: str) -> Any | None:
        """The artifact of this name that a run made, if one did; loaded once."""
        if name not in self._loaded:
            made = (one for _, _, step in self._steps for one in step.outputs.get(name, []))
            self._loaded[name] = next((artifact.load() for artifact in made), None)
        return self._loaded[name]

    def golden_request(self, version: str | None) -> dict[str, Any] | None:
        """A request that this version takes, if these runs had its bundle."""
        for _, _, step in self._steps:
            for artifact in step.inputs.get("bundle", []):
                bundle: ServingBundle = artifact.load()
                if bundle.version == version:
                    return dict(bundle.golden[0].features)
        return None

    @property
    def steps(self) -> tuple[StepTime, ...]:
        """Every step in the order in which it ran."""
        return tuple(
            StepTime(pipeline=pipeline, step=name, seconds=_seconds(step), cached=_cached(step))
            for pipeline, name, step in self._steps
        )

    @property
    def model(self) -> ModelSummary | None:
        """The trained model and its figures beside the others'."""
        evaluation: Evaluation | None = self.artifact("evaluation")
        release: Release | None = self.artifact("release")
        if evaluation is None or release is None:
            return None
        return ModelSummary(
            name=release.model,
            version=release.version,
            tested_on=evaluation.tested_on,
            impressions=evaluation.impressions,
            clicks=evaluation.clicks,
            confidence=evaluation.confidence,
            champion=evaluation.champion_version,
            metrics={model.name: model.metrics for model in evaluation.models},
        )

    @property
    def decision(self) -> Decision | None:
        """The decision, or why there was none to take."""
        decision: Decision | None = self.artifact("decision")
        release: Release | None = self.artifact("release")
        if decision is None or release is None:
            return decision
        if release.status == "in production":
            reason = f"nothing new was trained: {release.version} is in production already"
        elif release.status == "taken back":
            reason = f"nothing new was trained, and {release.version} was taken back: "
            reason += str(release.reason)
        else:
            return decision
        return decision.model_copy(update={"promote": False, "reason": reason})

    @property
    def canary(self) -> CanaryTrial | None:
        """What came of the new version's trial, if there was one."""
        trial: CanaryTrial | None = self.artifact("canary_trial")
        return None if trial is None or trial.outcome == "no trial" else trial

    @property
    def serving(self) -> ServingSummary | None:
        """What serves, if this call deployed."""
        deployment: Deployment | None = self.artifact("deployment")
        if deployment is None:
            return None
        traffic: TrafficReport | None = self.artifact("traffic")
        trial = self.canary
        kept = trial.champion if trial and trial.outcome == "rolled back" else None
        return ServingSummary(
            version=kept or deployment.version,
            url=deployment.url,
            golden_checked=0 if kept else deployment.golden_checked,
            requests=traffic.requests if traffic else 0,
            p50_ms=traffic.p50_ms if traffic else None,
            p99_ms=traffic.p99_ms if traffic else None,
        )

    @property
    def scoring(self) -> ScoringSummary | None:
        """What was scored, if this call scored a log."""
        scores: Scores | None = self.artifact("scores")
        if scores is None:
            return None
        return ScoringSummary(
            version=scores.version,
            rows_in=scores.rows_in,
            rows_scored=scores.rows_scored,
            root=scores.root,
        )

    @property
    def feedback(self) -> JoinCounts | None:
        """What is known of the clicks on what was answered, if this call looked."""
        predictions: LabelledPredictions | None = self.artifact("logged_predictions")
        return None if predictions is None else predictions.counts

    @property
    def retraining(self) -> Retraining | None:
        """What came of asking whether to train again, if this call asked."""
        decision: RetrainingDecision | None = self.artifact("retraining_decision")
        if decision is None:
            return None
        release: Release | None = self.artifact("release")
        return Retraining(
            result=result_of(decision, release, self.artifact("canary_trial")),
            decision=decision,
            monitored=self._runs["retraining"],
            trained=self._runs.get("training"),
            deployed=self._runs.get("deployment"),
            version=release.version if release else None,
        )

    @property
    def drift(self) -> tuple[DriftSummary, ...]:
        """Verdicts on months and predictions, oldest month first."""
        found: list[DriftReports | None] = [
            self.artifact("month_reports"),
            self.artifact("prediction_reports"),
        ]
        return tuple(
            DriftSummary(
                name=report.name,
                verdict=report.verdict,
                problems=tuple(f"{finding.place}: {finding.reason}" for finding in report.problems),
            )
            for reports in found
            if reports is not None
            for report in reports.reports
        )

    @property
    def monitoring(self) -> MonitoringSummary | None:
        """The verdict on the model in production, if this call judged it."""
        judgement: Judgement | None = self.artifact("judgement")
        if judgement is None:
            return None
        return MonitoringSummary(
            verdict=judgement.verdict,
            advice=ADVICE[judgement.verdict],
            reasons=judgement.reasons,
        )


def _in_order(run: PipelineRunResponse) -> list[tuple[str, StepRunResponse]]:
    return sorted(run.steps.items(), key=lambda item: item[1].start_time or item[1].created)


def _cached(step: StepRunResponse) -> bool:
    return step.status == ExecutionStatus.CACHED


def _seconds(step: StepRunResponse) -> float:
    if _cached(step) or step.start_time is None or step.end_time is None:
        return 0.0
    return (step.end_time - step.start_time).total_seconds()
