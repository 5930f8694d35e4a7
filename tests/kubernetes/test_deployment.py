"""Deployment on an emulated cluster: the real client, deployer and servers, but no Kubernetes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from adclick.errors import AdclickError
from adclick.prediction_log import read_predictions
from serving.client import PredictionClient
from serving.deployment import Deployment, Status
from serving.kubernetes.api import KubernetesApi, connect
from serving.kubernetes.cluster import KubernetesSeldon
from serving.kubernetes.settings import KubernetesSettings
from tests.bundles import GOLDEN, example, expected, tiny_bundle, tiny_schema
from tests.kubernetes.emulated_api import NAMESPACE, EmulatedApi
from tests.kubernetes.emulated_cluster import EmulatedCluster, Faults
from tests.servers import wait_until

NAME = "ads"


@dataclass(frozen=True)
class Place:
    """An emulated cluster, a folder that stands for the bucket, and a deployer."""

    api: EmulatedApi
    folder: Path
    settings: KubernetesSettings

    @property
    def cluster(self) -> EmulatedCluster:
        return self.api.cluster

    def seldon(self, patience: float = 10.0, **changes: Any) -> KubernetesSeldon:
        api = KubernetesApi(connect("emulated"), NAMESPACE, patience)
        return KubernetesSeldon(api, replace(self.settings, **changes))

    def deploy(
        self,
        version: str,
        bias: float = -2.0,
        traffic: int = 100,
        shadow: bool = False,
        **changes: Any,
    ) -> Deployment:
        bundle = tiny_bundle(self.folder / "built" / version, version, bias=bias)
        return self.seldon(**changes).deploy(bundle, "tiny", traffic, shadow)

    def served(self) -> str:
        with PredictionClient(self.settings.url) as client:
            return client.predict([example()]).version


@pytest.fixture(scope="module")
def kubernetes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Shared, because what serves already need not start; tests name their versions."""
    folder = tmp_path_factory.mktemp("kubernetes")
    api = EmulatedApi(EmulatedCluster(folder / "pods"))
    settings = KubernetesSettings(
        namespace=NAMESPACE,
        name=NAME,
        gateway_url=api.url,
        bundles=f"file://{folder}/bucket/bundles",
        prediction_log=f"file://{folder}/bucket/predictions",
        image="registry/adclick-serving@sha256:0",
        workers=1,
        ready_seconds=30.0,
        route_seconds=10.0,
    )
    yield Place(api, folder, settings)
    api.close()


@pytest.fixture
def place(kubernetes: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("KUBECONFIG", str(kubernetes.api.kubeconfig(tmp_path / "kubeconfig")))
    yield kubernetes
    kubernetes.cluster.faults = Faults()


def failure(place: Place, version: str, **changes: Any) -> str:
    with pytest.raises(AdclickError) as failed:
        place.deploy(version, **changes)
    message = str(failed.value)
    assert message.startswith(f"version {version} was not deployed: ")
    assert "\n" not in message
    return message


@pytest.mark.slow
def test_deploys_once_replaces_and_stops(place: Place) -> None:
    assert place.seldon().status() == Status()
    first = place.deploy("v1")
    assert (first.version, first.started, first.pid) == ("v1", True, None)
    assert (first.url, first.golden_checked) == (place.settings.url, len(GOLDEN))
    assert first.largest_difference <= 1e-6
    again = place.deploy("v1")
    assert not again.started
    status = place.seldon().status()
    assert (status.version, status.url, status.healthy) == ("v1", first.url, True)
    served = status.champion
    assert served and served.uptime and 0 < served.uptime < 300

    assert place.deploy("v2", bias=1.0).started
    with PredictionClient(place.settings.url) as client:
        prediction = client.predict([example()], "mine")
    bundle = tiny_bundle(place.folder / "same", "v2", bias=1.0)
    assert prediction.scores == tuple(expected(bundle, [example()]))
    wait_until(lambda: len(place.cluster.pods) == 1, "the former version's pod is gone")
    processes = [c.process for pod in place.cluster.pods.values() for c in pod.containers]

    assert place.seldon().stop().version == "v2"
    assert not (place.cluster.seldon or place.cluster.pods or place.cluster.routes)
    assert all(process and process.poll() == 0 for process in processes)
    assert place.seldon().status() == Status() == place.seldon().stop()
    log = place.settings.prediction_log
    assert read_predictions(log, tiny_schema(), "v2").table["_request"].to_pylist() == ["mine"]


def test_a_version_that_cannot_start_leaves_the_former_one_serving(place: Place) -> None:
    place.deploy("v1")
    former = place.cluster.pods.copy()
    place.cluster.faults.missing_images = {"no-such-image"}
    message = failure(place, "v3", image="no-such-image")
    assert 'container model: ImagePullBackOff: Back-off pulling image "no-such-image"' in message
    assert message.endswith("; version v1 serves again")
    assert place.served() == "v1"
    wait_until(lambda: place.cluster.pods == former, "the failed version's pod is gone")


@pytest.mark.slow
def test_a_damaged_bundle_in_the_bucket_is_told_in_the_server_s_own_words(place: Place) -> None:
    place.deploy("v1")
    place.cluster.faults.missing_images = {"no-such-image"}
    failure(place, "v4", image="no-such-image")
    (place.folder / f"bucket/bundles/{NAME}/v4/encoder.json").write_text("{}")
    message = failure(place, "v4")
    assert "container bundle exits with 1: bundle file " in message
    assert "encoder.json is missing or damaged" in message
    assert message.endswith("; version v1 serves again")


@pytest.mark.slow
def test_wrong_answers_bring_the_former_version_back(place: Place) -> None:
    place.deploy("v1")
    place.cluster.faults.wrong_scores_of = "v5"
    message = failure(place, "v5")
    assert "golden request 0 of version v5 scores" in message
    assert message.endswith("; version v1 serves again")
    assert place.served() == "v1"


def test_what_never_starts_is_given_up_and_nothing_is_left(place: Place) -> None:
    place.seldon().stop()
    place.cluster.faults.unschedulable = True
    message = failure(place, "v6", ready_seconds=1.0)
    assert "not ready in 1 s: Unschedulable: 0/3 nodes are available" in message
    assert message.endswith("; no version serves")
    assert place.cluster.seldon == {} == place.cluster.pods


def test_a_quota_shows_in_events_only(place: Place) -> None:
    place.seldon().stop()
    place.cluster.faults.quota = True
    message = failure(place, "v6", ready_seconds=1.0)
    assert "FailedCreate: " in message and "exceeded quota" in message


def test_a_gateway_without_a_route(place: Place) -> None:
    place.deploy("v1")
    place.cluster.faults.no_route = True
    message = failure(place, "v1", route_seconds=1.0)
    assert "its pods are ready, but 1 s later" in message and "answered 404" in message
    assert message.endswith("; version v1 serves as before")


def test_what_passes_by_itself_is_waited_for(place: Place) -> None:
    place.deploy("v1")
    place.cluster.faults.answers = [503, 500, 429]
    place.cluster.faults.conflicts = 2
    place.cluster.faults.misses = 2
    assert not place.deploy("v1").started
    assert place.cluster.faults == Faults()


def test_an_api_that_stays_away_is_told(place: Place) -> None:
    place.cluster.faults.answers = [503] * 100
    with pytest.raises(AdclickError, match=r"answered 503 \(etcdserver.*\) for 1 s: is the"):
        place.seldon(patience=1.0).status()


def test_someone_else_s_changes_are_not_overwritten(place: Place) -> None:
    place.deploy("v1")
    place.cluster.changed_by("kubectl-edit", NAME)
    message = failure(place, "v7")
    assert 'conflict with "kubectl-edit"' in message and "undo that change" in message
    assert message.endswith("; version v1 serves as before")
    place.cluster.changed_by("adclick", NAME)


def test_someone_else_s_deployment_is_left_alone(place: Place) -> None:
    place.deploy("v1")
    labels = place.cluster.seldon[NAME]["metadata"]["labels"]
    ours = labels.pop("app.kubernetes.io/managed-by")
    applied = len(place.cluster.applied)
    for act in (place.seldon().stop, place.seldon().status, lambda: place.deploy("v7")):
        with pytest.raises(AdclickError, match="was made by someone else"):
            act()
    assert len(place.cluster.applied) == applied
    labels["app.kubernetes.io/managed-by"] = ours


def test_another_bundle_under_a_version_that_was_published(place: Place) -> None:
    place.deploy("v1")
    other = tiny_bundle(place.folder / "other", "v1", bias=3.0)
    with pytest.raises(AdclickError, match="v1 was deployed before with other content in file://"):
        place.seldon().deploy(other, "tiny")
    assert place.served() == "v1"


def test_a_deletion_that_does_not_end(place: Place) -> None:
    place.deploy("v1")
    place.cluster.faults.keep_deleted = True
    with pytest.raises(AdclickError, match="is still there: see its finalizers"):
        place.seldon(ready_seconds=0.5).stop()
    place.cluster.faults.keep_deleted = False
    place.seldon().stop()


def test_what_the_cluster_does_not_let_one_do(place: Place, tmp_path: Path) -> None:
    place.api.kubeconfig(tmp_path / "kubeconfig", token="of a stranger")
    with pytest.raises(AdclickError, match=r"refused \(401\): Unauthorized; give this account"):
        place.seldon().status()
    with pytest.raises(AdclickError, match="no Kubernetes context moon: "):
        connect("moon")


def test_rules_are_checked_before_anything_is_applied(place: Place) -> None:
    applied = len(place.cluster.applied)
    with pytest.raises(AdclickError, match="db_password would be there for all to read"):
        place.deploy("v1", environment={"db_password": "x"})
    assert len(place.cluster.applied) == applied
