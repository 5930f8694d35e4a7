"""Whether a canary is promoted, taken back or waited for: every condition, figure and bound."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict

from adclick.canary.figures import (
    Lead,
    error_share,
    more_errors,
    more_slow_requests,
    score_distance,
    score_ratio,
)
from adclick.canary.policy import CanaryPolicy
from adclick.observation import Observation, common_bounds

Verdict = Literal["promote", "rollback", "wait"]
Outcome = Literal["holds", "fails", "undecided"]

NOTHING = "nothing yet"


class CanaryCondition(BaseModel):
    """One demand of the policy on one figure; `undecided` where more requests have to tell."""

    model_config = ConfigDict(frozen=True)

    name: str
    figure: str
    bound: str
    outcome: Outcome


class Judgement(BaseModel):
    """What is to become of a canary, and why."""

    model_config = ConfigDict(frozen=True)

    verdict: Verdict
    reason: str
    conditions: tuple[CanaryCondition, ...]


@dataclass(frozen=True)
class _Weighed:
    """A condition, and how many requests of the canary it takes to tell."""

    condition: CanaryCondition
    needs: int


def judge(
    champion: Observation,
    canary: Observation,
    policy: CanaryPolicy,
    *,
    unready: float = 0.0,
    late: bool = False,
) -> Judgement:
    """Hold what both versions answered over the same time against the policy.

    `unready` is for how many seconds the canary has had no server that is ready. A `late` judgement
    is not "wait": what is undecided then is decided by the policy.
    """
    weighed = list(_weigh(champion, canary, policy, unready))
    conditions = tuple(one.condition for one in weighed)
    failed = [condition for condition in conditions if condition.outcome == "fails"]
    undecided = [one for one in weighed if one.condition.outcome == "undecided"]
    if failed:
        return Judgement(verdict="rollback", reason=_said(failed), conditions=conditions)
    if not undecided:
        reason = f"every condition holds after {_counts(champion, canary)}"
        return Judgement(verdict="promote", reason=reason, conditions=conditions)
    open_ones = _said([one.condition for one in undecided])
    needs = max(one.needs for one in undecided)
    reason = f"undecided after {_counts(champion, canary)}: {open_ones}"
    if needs > canary.requests:
        reason += f"; it takes about {needs:,} requests of the canary to tell"
    if not late:
        return Judgement(verdict="wait", reason=reason, conditions=conditions)
    reason += f" (deployment.canary.undecided: {policy.undecided})"
    return Judgement(verdict=policy.undecided, reason=reason, conditions=conditions)


def _weigh(
    champion: Observation, canary: Observation, policy: CanaryPolicy, unready: float
) -> Iterator[_Weighed]:
    yield _Weighed(_ready(unready, policy), 0)
    yield _enough(champion, canary, policy)
    yield _errors(champion, canary, policy)
    yield _latency(champion, canary, policy)
    yield _distance(champion, canary, policy)
    yield _ratio(champion, canary, policy)


def _ready(unready: float, policy: CanaryPolicy) -> CanaryCondition:
    outcome: Outcome = "holds"
    if unready:
        outcome = "fails" if unready > policy.unready_seconds else "undecided"
    return CanaryCondition(
        name="time without a server that is ready",
        figure=f"{unready:.0f} s",
        bound=f"at most {policy.unready_seconds:g} s",
        outcome=outcome,
    )


def _enough(champion: Observation, canary: Observation, policy: CanaryPolicy) -> _Weighed:
    least = policy.least_requests
    few = min(champion.requests, canary.requests)
    condition = CanaryCondition(
        name="requests answered",
        figure=f"{canary.requests:,} (champion {champion.requests:,})",
        bound=f"at least {least:,} each",
        outcome="holds" if few >= least else "undecided",
    )
    # while the champion's are too few, the canary's grow with them
    return _Weighed(condition, math.ceil(canary.requests * least / few) if few else least)


def _errors(champion: Observation, canary: Observation, policy: CanaryPolicy) -> _Weighed:
    name, bound = "share of errors", f"at most {policy.more_errors:.2%} more than the champion"
    if not champion.requests or not canary.requests:
        return _nothing(name, bound)
    shares = error_share(canary), error_share(champion)
    figure = f"{shares[0]:.2%} (champion {shares[1]:.2%})"
    lead = more_errors(champion, canary)
    return _weighed(name, figure, bound, lead, policy.more_errors, canary.requests)


def _latency(champion: Observation, canary: Observation, policy: CanaryPolicy) -> _Weighed:
    share = policy.latency_quantile
    bounds = common_bounds(champion.latency, canary.latency)
    ours, theirs = canary.latency.within(bounds), champion.latency.within(bounds)
    name = f"latency at {share:.4g}"
    if not ours.count or not theirs.count:
        return _nothing(name, f"at most {policy.latency_ratio:g} times the champion's")
    usual = theirs.quantile(share)
    allowed = max(policy.latency_floor_ms / 1e3, policy.latency_ratio * usual)
    # the metrics know buckets alone: the one that holds the bound is taken whole
    most = min(bound for bound in bounds if bound >= allowed)
    lead = more_slow_requests(theirs, ours, most)
    past = ours.quantile(share) > most
    return _weighed(
        name,
        f"{_milliseconds(ours.quantile(share))} (champion {_milliseconds(usual)})",
        _milliseconds(most),
        lead if past else Lead(0.0, 0.0),
        0.0,
        canary.requests,
    )


def _distance(champion: Observation, canary: Observation, policy: CanaryPolicy) -> _Weighed:
    name, bound = "distance of scores (Jensen-Shannon)", f"at most {policy.score_distance:g}"
    if not champion.scores.count or not canary.scores.count:
        return _nothing(name, bound)
    lead = score_distance(champion, canary)
    return _weighed(name, f"{lead.value:.3f}", bound, lead, policy.score_distance, canary.requests)


def _ratio(champion: Observation, canary: Observation, policy: CanaryPolicy) -> _Weighed:
    most = policy.score_ratio
    name, bound = "mean score over the champion's", f"{1 / most:.2f} to {most:.2f}"
    if not champion.scores.mean > 0 or not canary.scores.mean > 0:
        return _nothing(name, bound)
    figure = f"{canary.scores.mean / champion.scores.mean:.3f}"
    lead = score_ratio(champion, canary)
    return _weighed(name, figure, bound, lead, math.log(most), canary.requests)


def _weighed(
    name: str, figure: str, bound: str, lead: Lead, most: float, requests: int
) -> _Weighed:
    """A figure within its bound holds, one that is surely past it fails."""
    outcome: Outcome = "holds"
    needs = 0
    if lead.surely > most:
        outcome = "fails"
    elif lead.value > most:
        outcome = "undecided"
        # what chance may give shrinks with the root of the requests
        needs = math.ceil(requests * ((lead.value - lead.surely) / (lead.value - most)) ** 2)
    condition = CanaryCondition(name=name, figure=figure, bound=bound, outcome=outcome)
    return _Weighed(condition, needs)


def _nothing(name: str, bound: str) -> _Weighed:
    condition = CanaryCondition(name=name, figure=NOTHING, bound=bound, outcome="undecided")
    return _Weighed(condition, 0)


def _said(conditions: list[CanaryCondition]) -> str:
    """The first of these conditions, and how many more there are."""
    more = f" (and {len(conditions) - 1} more)" if len(conditions) > 1 else ""
    return f"{conditions[0].name}: {conditions[0].figure}, bound: {conditions[0].bound}{more}"


def _counts(champion: Observation, canary: Observation) -> str:
    return f"{canary.requests:,} requests of the canary, {champion.requests:,} of the champion"


def _milliseconds(seconds: float) -> str:
    return f"<= {seconds * 1e3:g} ms"
