"""Whether a challenger may replace the champion: every condition, its figure and its bound."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from adclick.errors import AdclickError
from adclick.evaluation.evaluation import CHALLENGER, CHAMPION, LOGISTIC, Evaluation, ModelFigures


class Policy(BaseModel):
    """What a challenger must reach.

    With a champion its logloss must be lower beyond doubt (the whole interval of the difference
    below 0) and its AUC must not be clearly lower. Without one, and always, it must not rank
    clearly worse than the logistic regression, and be calibrated within bounds.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    least_auc: float = Field(default=0.55, ge=0.5, lt=1)
    least_calibration: float = Field(default=0.8, gt=0, le=1)
    most_calibration: float = Field(default=1.25, ge=1)


class Condition(BaseModel):
    """One demand of the policy on one figure."""

    model_config = ConfigDict(frozen=True)

    name: str
    figure: str
    bound: str
    holds: bool


class Decision(BaseModel):
    """Promote the challenger, or keep what is in production."""

    model_config = ConfigDict(frozen=True)

    promote: bool
    reason: str
    conditions: tuple[Condition, ...]


def decide(evaluation: Evaluation, policy: Policy) -> Decision:
    """Promote if every condition holds; the reason names the first that does not."""
    challenger = _figures(evaluation, CHALLENGER)
    conditions = [
        _at_least("AUC", challenger.metrics["auc"].value, policy.least_auc),
        _calibrated(challenger, policy),
        _ranks_no_worse(_figures(evaluation, LOGISTIC)),
    ]
    champion = evaluation.model(CHAMPION)
    if champion is not None:
        conditions += [
            Condition(
                name="champion never saw the test rows",
                figure="saw them" if evaluation.champion_saw_test else "never saw them",
                bound="never",
                holds=not evaluation.champion_saw_test,
            ),
            _predicts_better(champion),
            _ranks_no_worse(champion),
        ]
    promote = all(condition.holds for condition in conditions)
    return Decision(
        promote=promote,
        reason=_reason(promote, conditions, evaluation.champion_version),
        conditions=tuple(conditions),
    )


def _figures(evaluation: Evaluation, name: str) -> ModelFigures:
    found = evaluation.model(name)
    if found is None:
        raise AdclickError(f"evaluation has no {name}: a decision needs it")
    return found


def _at_least(name: str, value: float, bound: float) -> Condition:
    return Condition(
        name=name, figure=f"{value:.4f}", bound=f"at least {bound:g}", holds=value >= bound
    )


def _calibrated(challenger: ModelFigures, policy: Policy) -> Condition:
    value = challenger.metrics["calibration"].value
    low, high = policy.least_calibration, policy.most_calibration
    return Condition(
        name="calibration (predicted / observed)",
        figure=f"{value:.3f}",
        bound=f"{low:g} to {high:g}",
        holds=low <= value <= high,
    )


def _ranks_no_worse(other: ModelFigures) -> Condition:
    assert other.challenger_minus is not None
    lead = other.challenger_minus["auc"]
    return Condition(
        name=f"AUC minus the {other.name}'s",
        figure=f"{lead.value:+.4f} [{lead.low:+.4f}, {lead.high:+.4f}]",
        bound="interval reaches 0 or above",
        holds=lead.high >= 0,
    )


def _predicts_better(champion: ModelFigures) -> Condition:
    assert champion.challenger_minus is not None
    lead = champion.challenger_minus["logloss"]
    return Condition(
        name="logloss minus the champion's",
        figure=f"{lead.value:+.5f} [{lead.low:+.5f}, {lead.high:+.5f}]",
        bound="whole interval below 0",
        holds=lead.high < 0,
    )


def _reason(promote: bool, conditions: list[Condition], champion: str | None) -> str:
    if promote and champion:
        return f"better than champion {champion} on rows that neither was trained on"
    if promote:
        return "no champion yet, and every condition on a first model holds"
    failed = [condition for condition in conditions if not condition.holds]
    more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
    return f"{failed[0].name} is {failed[0].figure}, bound: {failed[0].bound}{more}"
