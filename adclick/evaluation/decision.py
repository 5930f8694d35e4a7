"""Whether a challenger may replace the champion: every condition, its figure and its bound."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import BaseModel, ConfigDict

from adclick.errors import AdclickError
from adclick.evaluation.changes import change_conditions
from adclick.evaluation.condition import Condition
from adclick.evaluation.evaluation import (
    CHALLENGER,
    CHAMPION,
    CONSTANT,
    LOGISTIC,
    Evaluation,
    ModelFigures,
)
from adclick.evaluation.naming import NAMES, digits
from adclick.evaluation.policy import Bound, Bounds, Policy
from adclick.evaluation.serving import ServingFigures
from adclick.evaluation.serving_conditions import serving_conditions
from adclick.evaluation.slice_conditions import slice_conditions
from adclick.statistics.anomaly import Anomaly


class Decision(BaseModel):
    """Promote the challenger, or keep what is in production."""

    model_config = ConfigDict(frozen=True)

    promote: bool
    reason: str
    conditions: tuple[Condition, ...]


def decide(
    evaluation: Evaluation,
    policy: Policy,
    anomalies: Sequence[Anomaly] = (),
    serving: ServingFigures | None = None,
) -> Decision:
    """Promote if every condition holds; otherwise the reason names the first that does not.

    `anomalies` are those of the test months, `serving` what a trial of the server found. Where no
    condition fails but some are undecided, the reason says how many rows would decide.
    """
    conditions = [
        *_within(_figures(evaluation, CHALLENGER), policy.bounds),
        *_changed(evaluation, policy),
        *slice_conditions(
            evaluation.slices, policy.slices, CHAMPION if evaluation.model(CHAMPION) else None
        ),
        *_undisturbed(policy, anomalies),
        *(serving_conditions(policy.serving, serving) if policy.serving else ()),
    ]
    promote = all(condition.holds for condition in conditions)
    return Decision(
        promote=promote,
        reason=_reason(promote, conditions, evaluation),
        conditions=tuple(conditions),
    )


def _figures(evaluation: Evaluation, name: str) -> ModelFigures:
    found = evaluation.model(name)
    if found is None:
        raise AdclickError(f"evaluation has no {name}: a decision needs it")
    return found


def _within(challenger: ModelFigures, bounds: Bounds) -> Iterator[Condition]:
    for metric in type(bounds).model_fields:
        bound: Bound | None = getattr(bounds, metric)
        if bound is not None:
            value = challenger.metrics[metric].value
            yield Condition(
                name=NAMES[metric],
                figure=f"{value:.{digits(metric)}f}",
                bound=str(bound),
                holds=bound.holds(value),
            )


def _changed(evaluation: Evaluation, policy: Policy) -> Iterator[Condition]:
    impressions = evaluation.impressions
    yield from change_conditions(_figures(evaluation, CONSTANT), policy.constant, impressions)
    yield from change_conditions(_figures(evaluation, LOGISTIC), policy.logistic, impressions)
    champion = evaluation.model(CHAMPION)
    if champion is not None:
        yield Condition(
            name="champion never saw the test rows",
            figure="saw them" if evaluation.champion_saw_test else "never saw them",
            bound="never",
            holds=not evaluation.champion_saw_test,
        )
        yield from change_conditions(champion, policy.champion, impressions)


def _undisturbed(policy: Policy, anomalies: Sequence[Anomaly]) -> Iterator[Condition]:
    if policy.anomalies:
        blocking = [one for one in anomalies if one.check in policy.anomalies]
        more = f" (and {len(blocking) - 1} more)" if len(blocking) > 1 else ""
        yield Condition(
            name="anomalies of the test months",
            figure=f"{blocking[0].line}{more}" if blocking else "none that counts",
            bound=f"none of: {', '.join(policy.anomalies)}",
            holds=not blocking,
        )


def _reason(promote: bool, conditions: Sequence[Condition], evaluation: Evaluation) -> str:
    champion = evaluation.champion_version
    if promote and champion:
        return f"better than champion {champion} on rows that neither was trained on"
    if promote:
        return "no champion yet, and every condition on a first model holds"
    # what fails beyond doubt says more than what more rows might settle
    missed = sorted((c for c in conditions if not c.holds), key=lambda c: c.undecided)
    first, more = missed[0], f" (and {len(missed) - 1} more)" if len(missed) > 1 else ""
    said = f"{first.name} is {first.figure}, bound: {first.bound}{more}"
    if not first.undecided:
        return said
    if first.rows_needed is None:
        return f"too close to call: {said}"
    needed = f"about {first.rows_needed:,} impressions would decide"
    return f"too little data: {said}; {needed}, {evaluation.impressions:,} were tested on"
