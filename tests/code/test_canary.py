"""Canaries judged by what they answered: each condition, and what few requests tell."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adclick.canary.figures import score_distance, score_ratio
from adclick.canary.judgement import Judgement, judge
from adclick.canary.policy import CanaryPolicy
from adclick.observation import Histogram, Observation
from serving.metrics import PROBABILITIES, SECONDS

POLICY = CanaryPolicy()
LATENCIES = (*SECONDS, math.inf)
SCORES = (*PROBABILITIES, math.inf)
LEAST = POLICY.least_requests


def histogram(values: list[float], bounds: tuple[float, ...]) -> Histogram:
    counts = np.bincount(np.searchsorted(bounds, values), minlength=len(bounds))
    return Histogram(bounds, tuple(counts.tolist()), float(np.sum(values)))


def answered(
    requests: int = LEAST,
    *,
    failed: int = 0,
    refused: int = 0,
    slow: int = 0,
    score: float = 0.05,
    seed: int = 0,
) -> Observation:
    """Requests of 1 ms, of which `slow` took 200 ms, and scores of a beta distribution."""
    draw = np.random.default_rng(seed)
    good = requests - failed - refused
    scores = draw.beta(20 * score, 20 * (1 - score), good).tolist()
    seconds = [0.0009] * (requests - slow) + [0.15] * slow
    return Observation(
        requests, refused, failed, histogram(seconds, LATENCIES), histogram(scores, SCORES)
    )


CHAMPION = answered(10 * LEAST, seed=1)


def outcome(judgement: Judgement, name: str) -> str:
    (found,) = [c.outcome for c in judgement.conditions if c.name.startswith(name)]
    return found


def test_a_canary_that_does_what_the_champion_does_is_promoted() -> None:
    judgement = judge(CHAMPION, answered(), POLICY)
    assert judgement.verdict == "promote"
    assert {condition.outcome for condition in judgement.conditions} == {"holds"}
    assert judgement.reason == (
        "every condition holds after 500 requests of the canary, 5,000 of the champion"
    )


@pytest.mark.parametrize(
    ("canary", "name", "reason"),
    [
        (answered(failed=25), "share of errors", "share of errors: 5.00 % (champion 0.00 %)"),
        (answered(refused=25), "share of errors", "at most 1.00 % more than the champion"),
        (answered(slow=25), "latency", "latency at 0.99: <= 200 ms (champion <= 1 ms)"),
        (answered(score=0.6), "distance of scores", "bound: at most 0.4"),
        (answered(score=0.15), "mean score", "(and 1 more)"),
    ],
    ids=["errors", "refusals", "slow", "other scores", "higher scores"],
)
def test_what_is_surely_worse_is_taken_back(canary: Observation, name: str, reason: str) -> None:
    judgement = judge(CHAMPION, canary, POLICY)
    assert judgement.verdict == "rollback"
    assert outcome(judgement, name) == "fails"
    assert reason.replace(" %", "%") in judgement.reason


def test_errors_of_both_alike_are_no_reason() -> None:
    champion = answered(10 * LEAST, refused=1000, failed=200, seed=1)
    assert judge(champion, answered(refused=100, failed=20), POLICY).verdict == "promote"


def test_a_slow_canary_below_the_floor_holds() -> None:
    policy = CanaryPolicy(latency_floor_ms=200)
    assert judge(CHAMPION, answered(slow=25), policy).verdict == "promote"
    assert judge(CHAMPION, answered(slow=25), CanaryPolicy(latency_ratio=200)).verdict == "promote"


def test_a_canary_that_fails_outright_is_not_waited_for() -> None:
    judgement = judge(answered(90, seed=1), answered(10, failed=10), POLICY)
    assert judgement.verdict == "rollback"
    assert outcome(judgement, "requests answered") == "undecided"


def test_too_few_requests_are_waited_for_and_at_last_the_policy_decides() -> None:
    few = answered(100)
    judgement = judge(answered(900, seed=1), few, POLICY)
    assert judgement.verdict == "wait"
    assert "it takes about 500 requests of the canary to tell" in judgement.reason
    late = judge(answered(900, seed=1), few, POLICY, late=True)
    assert (late.verdict, late.conditions) == ("rollback", judgement.conditions)
    assert late.reason == f"{judgement.reason} (deployment.canary.undecided: rollback)"
    promoting = CanaryPolicy(undecided="promote")
    assert judge(answered(900, seed=1), few, promoting, late=True).verdict == "promote"


def test_a_champion_with_too_few_requests_is_waited_for_too() -> None:
    judgement = judge(answered(100, seed=1), answered(900), POLICY)
    assert judgement.verdict == "wait"
    assert "it takes about 4,500 requests of the canary to tell" in judgement.reason


def test_what_may_be_chance_is_waited_for_and_it_is_told_how_long() -> None:
    judgement = judge(CHAMPION, answered(failed=8), POLICY)
    assert judgement.verdict == "wait"
    assert outcome(judgement, "share of errors") == "undecided"
    needs = int(judgement.reason.split("about ")[1].split(" ")[0].replace(",", ""))
    for times, told in ((0.8, "undecided"), (1.2, "fails")):
        requests = int(times * needs)
        more = answered(requests, failed=round(requests * 8 / LEAST))
        later = judge(answered(10 * requests, seed=1), more, POLICY)
        assert outcome(later, "share of errors") == told


def test_nothing_asked_is_nothing_known() -> None:
    judgement = judge(Observation(), Observation(), POLICY)
    assert judgement.verdict == "wait"
    outcomes = [condition.outcome for condition in judgement.conditions]
    assert outcomes == ["holds", *["undecided"] * 5]
    assert judge(Observation(), Observation(), POLICY, late=True).verdict == "rollback"


@pytest.mark.parametrize(("seconds", "verdict"), [(0, "promote"), (5, "wait"), (16, "rollback")])
def test_a_canary_that_is_not_ready_is_waited_for_only_so_long(
    seconds: float, verdict: str
) -> None:
    judgement = judge(CHAMPION, answered(), POLICY, unready=seconds)
    assert judgement.verdict == verdict
    assert f"{seconds:g} s, bound: at most 15 s" in judgement.reason or not seconds


def test_versions_that_count_in_other_buckets_are_compared_in_those_that_they_share() -> None:
    coarse = replace(
        CHAMPION,
        latency=CHAMPION.latency.within((0.005, 0.1, math.inf)),
        scores=CHAMPION.scores.within((0.05, 0.2, math.inf)),
    )
    assert judge(coarse, answered(), POLICY).verdict == "promote"
    assert judge(coarse, answered(score=0.6), POLICY).verdict == "rollback"
    assert judge(coarse, answered(slow=25), POLICY).verdict == "rollback"


def test_chance_takes_one_canary_in_a_thousand_back_at_most() -> None:
    """Pairs of one distribution, under bounds of nothing, which every second figure is past."""
    strict = CanaryPolicy(
        more_errors=0, latency_ratio=1, latency_floor_ms=0, score_distance=1e-9, score_ratio=1.0001
    )
    draw = np.random.default_rng(0)

    def seen(requests: int, seed: int) -> Observation:
        failed, slow = (int(draw.binomial(requests, share)) for share in (0.03, 0.01))
        return answered(requests, failed=failed, slow=slow, seed=seed)

    verdicts = [
        judge(seen(1500, 2 * pair), seen(300, 2 * pair + 1), strict).verdict for pair in range(500)
    ]
    assert verdicts.count("rollback") <= 2
    assert verdicts.count("wait") > 400


@given(st.floats(0.01, 0.9), st.floats(0.01, 0.9))
def test_scores_that_are_further_apart_are_told_to_be(one: float, other: float) -> None:
    champion, canary = answered(2000, score=one, seed=1), answered(2000, score=other)
    distance = score_distance(champion, canary)
    assert 0 <= distance.surely <= distance.value <= 1
    assert score_distance(champion, champion).value == 0
    back = score_distance(canary, champion)
    assert back.value == pytest.approx(distance.value)
    ratio = score_ratio(champion, canary)
    means = canary.scores.mean / champion.scores.mean
    assert ratio.value == pytest.approx(abs(math.log(means)))
    assert ratio.surely < ratio.value


def test_the_distance_is_that_of_the_literature() -> None:
    """scipy's, of the same shares."""
    from scipy.spatial.distance import jensenshannon

    champion, canary = answered(2000, score=0.05, seed=1), answered(2000, score=0.2)
    shares = [one.scores.counts for one in (champion, canary)]
    expected = jensenshannon(*shares, base=2)
    assert score_distance(champion, canary).value == pytest.approx(expected)


def test_fewer_buckets_hold_the_same_values() -> None:
    whole = CHAMPION.scores
    coarse = whole.within((0.01, 0.1, math.inf))
    assert (coarse.count, coarse.total) == (whole.count, whole.total)
    for bound in coarse.bounds:
        assert coarse.above(bound) == whole.above(bound)
    assert all(a < b for a, b in pairwise(coarse.bounds))
    assert whole.plus(Histogram()) == whole == Histogram().plus(whole)
    assert whole.plus(coarse).count == 2 * whole.count
