"""Canaries that watch themselves on an emulated cluster: what the pods' metrics make of them."""

from __future__ import annotations

from typing import Any

import pytest

from adclick.canary.policy import CanaryPolicy
from adclick.canary.trial import CanaryTrial
from serving.deployment import Role
from serving.release import release
from tests.bundles import tiny_bundle
from tests.kubernetes.test_deployment import Place, kubernetes, place

__all__ = ["kubernetes", "place"]

POLICY = CanaryPolicy(
    traffic=50,
    least_requests=60,
    look_seconds=0.2,
    longest_minutes=1,
    latency_floor_ms=1000,
    replay_after_seconds=0.0,
)


def try_out(place: Place, version: str, bias: float) -> CanaryTrial:
    champion = tiny_bundle(place.folder / "built" / "k1", "k1")
    canary = tiny_bundle(place.folder / "built" / version, version, bias=bias)
    deployer: Any = place.seldon()
    _, trial = release(
        deployer,
        canary,
        "tiny",
        POLICY,
        champion,
    )
    return trial


@pytest.mark.slow
def test_a_canary_is_watched_until_it_is_promoted_or_taken_back(place: Place) -> None:
    # what is in production serves first, where it does not
    place.seldon().stop()
    trial = try_out(place, "k2", 3.0)
    assert (trial.champion, trial.outcome) == ("k1", "rolled back")
    assert trial.reason.startswith("distance of scores")
    assert place.served() == "k1"

    trial = try_out(place, "k3", -1.95)
    assert trial.outcome == "promoted", trial.reason
    assert trial.replayed >= 2 * POLICY.least_requests
    status = place.seldon().status()
    assert [(v.version, v.role, v.traffic) for v in status.versions] == [("k3", Role.CHAMPION, 100)]
    assert status.former == "k1"

    trial = try_out(place, "k3", -1.95)
    assert (trial.outcome, trial.reason) == ("no trial", "it is the champion")
