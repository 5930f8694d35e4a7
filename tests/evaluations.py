"""A small evaluation and decision, for tests of what is made of them."""

from __future__ import annotations

from adclick.evaluation.condition import Condition
from adclick.evaluation.decision import Decision
from adclick.evaluation.estimate import Estimate
from adclick.evaluation.evaluation import (
    CHALLENGER,
    CHAMPION,
    CONSTANT,
    LOGISTIC,
    CalibrationBin,
    Evaluation,
    ModelFigures,
    RankPoint,
)
from adclick.evaluation.intervals import Figure
from adclick.evaluation.slices import SliceFigures

METRICS = {
    "auc": 0.7,
    "pr_auc": 0.21,
    "logloss": 0.16427,
    "normalised_entropy": 0.91,
    "calibration": 1.034,
    "ece": 0.0319,
    "brier": 0.04,
    "reliability": 0.0001,
    "resolution": 0.002,
    "uncertainty": 0.0419,
}
LEADS = METRICS | {"auc": 0.0211, "logloss": -0.09812, "normalised_entropy": -0.02}
CURVE = tuple(
    RankPoint(recall=share**0.5, fall_out=share, precision=0.3 - 0.2 * share)
    for share in (0.01, 0.1, 0.4, 1.0)
)


def figure(value: float) -> Figure:
    """A figure with an interval that is not symmetric."""
    return Figure(value=value, low=value - 0.0123, high=value + 0.0456)


def estimate(value: float, reach: float = 0.02) -> Estimate:
    """A difference that is sure to `reach` on either side."""
    return Estimate(
        value=value, low=value - reach, high=value + reach, error=reach / 2, freedom=20.0
    )


def model(name: str, auc: float) -> ModelFigures:
    """A model of this AUC."""
    metrics = METRICS | {"auc": auc}
    return ModelFigures(
        name=name,
        metrics={metric: figure(value) for metric, value in metrics.items()},
        challenger_minus=None
        if name == CHALLENGER
        else {metric: figure(value) for metric, value in LEADS.items()},
        curve=() if name == CONSTANT else CURVE,
    )


def slice_of(column: str, value: str, lead: float, number: int = 0) -> SliceFigures:
    """A slice where the challenger leads by so much AUC."""
    return SliceFigures(
        column=column,
        value=value,
        impressions=5_000 - number,
        clicks=100,
        metrics={
            name: {"auc": auc, "logloss": 0.1}
            for name, auc in ((CHALLENGER, 0.6 + lead), (CHAMPION, 0.6), (LOGISTIC, 0.6))
        },
        leads={"auc": estimate(lead)},
    )


def evaluation(
    *, champion: bool = True, text: str = "news", slices: int = 1, observed: float = 0.02
) -> Evaluation:
    """An evaluation with `text` wherever a person's data may put its own."""
    names = (CHALLENGER, LOGISTIC, CONSTANT, *((CHAMPION,) if champion else ()))
    return Evaluation(
        tested_on=text,
        impressions=12_345,
        clicks=678,
        clusters=64,
        clustered_by="creative",
        confidence=0.95,
        champion_version=text if champion else None,
        champion_saw_test=False,
        models=tuple(model(name, 0.7 - 0.01 * i) for i, name in enumerate(names)),
        slices=tuple(slice_of(text, f"{text}{i}", 0.03, i) for i in range(slices)),
        calibration_curve=(
            CalibrationBin(
                impressions=6_000, predicted=0.0123, observed=observed, low=0.0, high=0.04
            ),
            CalibrationBin(
                impressions=6_345, predicted=0.0765, observed=0.0654, low=0.05, high=0.08
            ),
        ),
    )


def decision(text: str) -> Decision:
    """A decision to keep, with `text` for all that it says."""
    condition = Condition(name=text, figure=text, bound=text, holds=False)
    return Decision(promote=False, reason=text, conditions=(condition,))
