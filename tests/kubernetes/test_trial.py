"""A canary and a shadow on an emulated cluster: real servers, what the gateway does, what shows."""

from __future__ import annotations

from collections import Counter

import pytest

from adclick.errors import AdclickError
from adclick.observation import Observation
from serving.client import PredictionClient
from serving.deployment import Role, Status, Trial
from serving.kubernetes.api import KubernetesApi, connect
from serving.kubernetes.pods import PredictorPods
from serving.trial import TrialOverError
from tests.bundles import GOLDEN, example
from tests.kubernetes.emulated_api import NAMESPACE
from tests.kubernetes.test_deployment import NAME, Place, failure, kubernetes, place
from tests.servers import wait_until

__all__ = ["kubernetes", "place"]


def answers(place: Place, requests: int) -> Counter[str]:
    with PredictionClient(place.settings.url) as client:
        return Counter(client.predict([example()]).version for _ in range(requests))


def since(now: Status, before: Status, role: Role) -> Observation:
    def observed(status: Status) -> Observation:
        (version,) = [version for version in status.versions if version.role is role]
        assert version.observed
        return version.observed

    return observed(now).since(observed(before))


@pytest.mark.slow
def test_a_canary_is_tried_promoted_and_taken_back(place: Place) -> None:
    with pytest.raises(AdclickError, match="nothing serves that a canary could be compared with"):
        place.deploy("c2", traffic=20)
    place.deploy("c1")
    deployment = place.deploy("c2", bias=1.0, traffic=20)
    assert (deployment.role, deployment.traffic) == (Role.CANARY, 20)
    assert (deployment.started, deployment.golden_checked) == (True, len(GOLDEN))
    seen = place.seldon().status()
    assert answers(place, 50) == {"c1": 40, "c2": 10}

    status = place.seldon().status()
    assert [(v.version, v.role, v.traffic, v.healthy) for v in status.versions] == [
        ("c1", Role.CHAMPION, 80, True),
        ("c2", Role.CANARY, 20, True),
    ]
    counted = [since(status, seen, role) for role in (Role.CHAMPION, Role.CANARY)]
    assert [(c.requests, c.refused, c.failed, c.scores.count) for c in counted] == [
        (40, 0, 0, 40),
        (10, 0, 0, 10),
    ]
    assert all(c.latency.count == c.requests for c in counted)

    pods = dict(place.cluster.pods)
    for act in (place.seldon().promote, place.seldon().rollback):
        with pytest.raises(TrialOverError, match="c2 is not on trial beside c0 any more"):
            act(Trial("c2", "c0"))
    promoted = place.seldon().promote(Trial("c2", "c1"))
    assert (promoted.version, promoted.trial, promoted.former) == ("c2", None, "c1")
    assert answers(place, 20) == {"c2": 20}
    wait_until(lambda: len(place.cluster.pods) == 1, "the former champion's pod is gone")
    assert set(place.cluster.pods.values()) < set(pods.values())

    back = place.seldon().rollback()
    assert (back.version, back.trial, back.former) == ("c1", None, None)
    assert answers(place, 20) == {"c1": 20}
    with pytest.raises(AdclickError, match="nothing to roll back"):
        place.seldon().rollback()
    with pytest.raises(AdclickError, match="no version is on trial"):
        place.seldon().promote()


@pytest.mark.slow
def test_a_shadow_gets_copies_and_its_answers_go_nowhere(place: Place) -> None:
    place.deploy("c1")
    deployment = place.deploy("c3", bias=2.0, traffic=50, shadow=True)
    assert (deployment.role, deployment.traffic) == (Role.SHADOW, 50)
    before = place.seldon().status().trial
    assert before and before.observed and before.observed.requests > len(GOLDEN)
    assert answers(place, 20) == {"c1": 20}

    def copies() -> bool:
        trial = place.seldon().status().trial
        assert trial and trial.observed and before and before.observed
        return trial.observed.requests == before.observed.requests + 10

    wait_until(copies, "half of the requests have reached the shadow")
    pod = place.cluster.pods.copy()
    assert place.seldon().promote().version == "c3"
    # the very pods that were tried
    wait_until(lambda: place.cluster.pods.items() < pod.items(), "the former champion is gone")


@pytest.mark.slow
def test_a_canary_that_crashes_does_not_keep_the_trial_from_ending(place: Place) -> None:
    """Seldon's operator turns no route while a predictor's pods are not ready."""
    place.deploy("c1")
    place.deploy("c2", bias=1.0, traffic=50)
    canary = next(pod for pod in place.cluster.pods.values() if "c2" in str(pod.resource()))
    (server,) = canary.containers
    server.spec = {**server.spec, "args": ["--no-such-option"]}
    assert server.process
    server.process.kill()
    wait_until(lambda: not place.seldon().status().versions[1].healthy, "the canary is not ready")
    status = place.seldon().rollback()
    assert (status.version, status.trial) == ("c1", None)
    assert answers(place, 10) == {"c1": 10}


def test_a_canary_with_wrong_answers_never_gets_traffic(place: Place) -> None:
    place.deploy("c1")
    applied = len(place.cluster.applied)
    place.cluster.faults.missing_images = {"no-such-image"}
    message = failure(place, "c4", image="no-such-image", traffic=10)
    assert "ImagePullBackOff" in message and message.endswith("; version c1 serves again")
    shares = [
        {p["labels"]["version"]: p["traffic"] for p in manifest["spec"]["predictors"]}
        for manifest in place.cluster.applied[applied:]
    ]
    assert shares == [{"c1": 100, "c4": 0}, {"c1": 100}]


def test_metrics_that_cannot_be_read_are_not_told(place: Place) -> None:
    place.deploy("c1")
    status = place.seldon().status()
    assert status.champion and status.champion.observed
    (pod,) = place.cluster.pods.values()
    api = KubernetesApi(connect("emulated"), NAMESPACE)
    real, pod.port = pod.port, 1
    try:
        with pytest.raises(AdclickError, match=f"pod {pod.name} answered 503: "):
            api.ask_pod(pod.name, 9000, "/metrics")
        (predictor,) = place.cluster.seldon[NAME]["spec"]["predictors"]
        assert PredictorPods(api, predictor["name"]).observe() is None
    finally:
        pod.port = real


def test_a_champion_is_no_trial_of_itself(place: Place) -> None:
    place.deploy("c1")
    for how in ({"traffic": 10}, {"shadow": True}):
        with pytest.raises(AdclickError, match="version c1 is the champion: only another version"):
            place.deploy("c1", **how)
    with pytest.raises(AdclickError, match="traffic must be 1 to 100 per cent, not 0"):
        place.deploy("c2", traffic=0)
