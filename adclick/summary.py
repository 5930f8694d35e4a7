"""What a run did, for people and for programs."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from adclick.canary.trial import CanaryTrial
from adclick.evaluation.decision import Decision
from adclick.evaluation.intervals import Figure
from adclick.feedback.join import JoinCounts
from adclick.monitoring.verdict import Verdict
from adclick.retraining.outcome import Retraining


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class StepTime(_Frozen):
    """One step: how long it ran, or that its result came from the cache."""

    pipeline: str
    step: str
    seconds: float
    cached: bool


class ModelSummary(_Frozen):
    """The trained model, what it was tested on, and each model's metrics by name."""

    name: str
    version: str
    tested_on: str
    impressions: int
    clicks: int
    confidence: float
    champion: str | None
    metrics: dict[str, dict[str, Figure]]


class DriftSummary(_Frozen):
    """The verdict on a month or on logged predictions, and why."""

    name: str
    verdict: Verdict
    problems: tuple[str, ...]


class MonitoringSummary(_Frozen):
    """The verdict on the model in production, what to do, and why: what matters most first."""

    verdict: Verdict
    advice: str
    reasons: tuple[str, ...]


class ServingSummary(_Frozen):
    """The version that serves and what checking and traffic showed.

    `golden_checked` is 0 where it served before and was not deployed anew.
    """

    version: str
    url: str
    golden_checked: int = 0
    requests: int = 0
    p50_ms: float | None = None
    p99_ms: float | None = None


class ScoringSummary(_Frozen):
    """The version that scored a log, how many of its rows have a score, and where these lie."""

    version: str
    rows_in: int
    rows_scored: int
    root: str


class RunSummary(_Frozen):
    """All of a run; parts that the chosen pipeline does not make are None or empty.

    `urls` are the addresses to open, by name; `curl` is a ready request to the server.
    """

    stack: str
    pipeline: str
    seconds: float
    steps: tuple[StepTime, ...]
    model: ModelSummary | None = None
    decision: Decision | None = None
    canary: CanaryTrial | None = None
    serving: ServingSummary | None = None
    scoring: ScoringSummary | None = None
    drift: tuple[DriftSummary, ...] = ()
    feedback: JoinCounts | None = None
    monitoring: MonitoringSummary | None = None
    retraining: Retraining | None = None
    urls: dict[str, str] = {}
    curl: str | None = None
