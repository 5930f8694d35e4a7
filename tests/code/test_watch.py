"""What a watched canary's looks add up to."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from adclick.canary.policy import CanaryPolicy
from adclick.observation import Histogram, Observation
from serving.deployment import Role, Served, Status
from serving.watch import Counted, Watch

POLICY = CanaryPolicy(least_requests=50, replay_after_seconds=0.0, unready_seconds=0.0)


def answered(requests: int, failed: int = 0) -> Observation:
    good = requests - failed
    latency = Histogram((0.01, math.inf), (requests, 0), 0.001 * requests)
    return Observation(requests, 0, failed, latency, Histogram((0.1, math.inf), (good, 0), good))


def status(champion: Observation | None, canary: Observation | None) -> Status:
    first = Served("v1", traffic=90, healthy=True, answered=said(a=champion))
    return Status(
        "u", (first, Served("v2", Role.CANARY, 10, healthy=True, answered=said(b=canary)))
    )


def said(**servers: Observation | None) -> dict[str, Observation] | None:
    """What servers told, by name; None where one did not."""
    told = {name: one for name, one in servers.items() if one is not None}
    return told if len(told) == len(servers) else None


def test_what_was_answered_before_the_watch_is_not_counted() -> None:
    watch = Watch("v1", "v2", POLICY)
    first = watch.look(status(answered(9000, 9000), answered(16)))
    assert first and first.verdict == "wait" and watch.quiet
    # one version's metrics could not be read at this look
    watch.look(status(answered(9400, 9000), None))
    last = watch.look(status(answered(9500, 9000), answered(116)))
    assert last and last.verdict == "promote" and not watch.quiet
    assert last.reason.endswith("100 requests of the canary, 500 of the champion")


@pytest.mark.parametrize(
    ("looks", "requests"),
    [
        ([{"a": 10}, {"a": 15}, {"a": 35}], 25),
        ([{"a": 100}, {"a": 130}, {"b": 7}, {"b": 20}], 43),
        ([None, {"a": 5}, None, {"a": 9}], 4),
        ([{"a": 0}, {"a": 40}, {"a": 40}], 40),
        ([{"a": 10, "b": 500}, {"a": 12}, {"a": 14, "b": 503}, {"a": 15, "b": 503}], 8),
        ([{"a": 10}, {"a": 12, "b": 900}, {"a": 15, "b": 901}], 6),
        ([{"a": 10, "b": 20}, {"a": 15}, {}, {"a": 16}], 6),
        ([None], 0),
    ],
    ids=[
        "grows",
        "starts again",
        "does not say",
        "from nothing",
        "unready for a while",
        "ready for the first time",
        "goes for good",
        "never says",
    ],
)
def test_counts_are_added_up_server_by_server(
    looks: list[dict[str, int] | None], requests: int
) -> None:
    counted = Counted()
    for look in looks:
        counted.add(look and {name: answered(count) for name, count in look.items()})
    assert counted.total.requests == counted.total.latency.count == requests


def test_a_canary_without_a_ready_server_is_taken_back() -> None:
    watch = Watch("v1", "v2", POLICY)
    seen = status(answered(500), answered(100))
    champion, canary = seen.versions
    down = replace(seen, versions=(champion, replace(canary, healthy=False, answered=None)))
    judgement = watch.look(down)
    assert judgement and judgement.verdict == "rollback"
    assert "without a server" in judgement.reason
    patient = Watch("v1", "v2", CanaryPolicy())
    judgement = patient.look(down)
    assert judgement and judgement.verdict == "wait"


@pytest.mark.parametrize(
    "seen",
    [
        Status("u", (Served("v2", healthy=True),)),
        Status("u", (Served("v1", healthy=True),)),
        Status("u", (Served("v1"), Served("v3", Role.CANARY, 10))),
        Status("u", (Served("v0"), Served("v2", Role.CANARY, 10))),
        Status(),
    ],
    ids=["promoted", "taken back", "another canary", "another champion", "stopped"],
)
def test_a_trial_that_somebody_ended_is_over(seen: Status) -> None:
    assert Watch("v1", "v2", POLICY).look(seen) is None


def test_nothing_is_replayed_where_the_policy_says_never() -> None:
    watch = Watch("v1", "v2", CanaryPolicy(replay_after_seconds=None))
    watch.look(status(Observation(), Observation()))
    assert not watch.quiet
