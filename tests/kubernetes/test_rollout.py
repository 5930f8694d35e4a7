"""Any order of roll-outs: the SeldonDeployment stays valid, and who answers goes on answering."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adclick.bundle.bundle import ServingBundle
from adclick.errors import AdclickError
from serving.deployment import Role, Status
from serving.kubernetes import change, gateway, rules
from serving.kubernetes.api import KubernetesApi, connect
from serving.kubernetes.cluster import KubernetesSeldon
from serving.kubernetes.settings import KubernetesSettings
from tests.bundles import tiny_bundle
from tests.kubernetes import crd
from tests.kubernetes.emulated_api import NAMESPACE, EmulatedApi
from tests.kubernetes.emulated_cluster import EmulatedCluster
from tests.kubernetes.emulated_pod import EmulatedPod
from tests.kubernetes.quick_pod import QuickPod

VERSIONS = ("v1", "v2", "v3", "broken")
DEPLOY = st.tuples(
    st.just("deploy"), st.sampled_from(VERSIONS), st.sampled_from([100, 50, 10]), st.booleans()
)
VERB = st.tuples(st.sampled_from(["promote", "rollback", "rollback", "promote", "stop"]))


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ServingBundle]:
    folder = tmp_path_factory.mktemp("bundles")
    return {
        version: tiny_bundle(folder / version, version, bias=number - 2.0)
        for number, version in enumerate(VERSIONS)
    }


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatedApi]:
    folder = tmp_path_factory.mktemp("pods")
    make = cast("type[EmulatedPod]", QuickPod)
    served = EmulatedApi(EmulatedCluster(folder, make_pod=make, round_seconds=0.01))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KUBECONFIG", str(served.kubeconfig(folder / "kubeconfig")))
        patch.setattr(change, "POLL_SECONDS", 0.01)
        patch.setattr(gateway, "POLL_SECONDS", 0.01)
        patch.setattr(QuickPod, "broken", frozenset({"broken"}))
        yield served
    served.close()


def seldon_of(api: EmulatedApi, folder: Path) -> KubernetesSeldon:
    described = KubernetesSettings(
        namespace=NAMESPACE,
        name="ads",
        gateway_url=api.url,
        bundles=f"file://{folder}/bundles",
        prediction_log=f"file://{folder}/predictions",
        image="registry/adclick-serving@sha256:0",
        ready_seconds=5.0,
        route_seconds=5.0,
    )
    return KubernetesSeldon(KubernetesApi(connect("emulated"), NAMESPACE, 5.0), described)


class Expected:
    """What has to serve after each act, by the words of serving.deployer.Deployer."""

    def __init__(self) -> None:
        self.champion: str | None = None
        self.trial: tuple[str, Role, int] | None = None
        self.former: str | None = None

    def deploy(self, version: str, traffic: int, shadow: bool) -> bool:
        """Whether it is to succeed."""
        role = Role.SHADOW if shadow else Role.CANARY if traffic < 100 else Role.CHAMPION
        alone = role is not Role.CHAMPION and self.champion in (None, version)
        if version == "broken" or alone:
            return False
        if role is Role.CHAMPION:
            if version != self.champion:
                self.former = self.champion
            self.champion, self.trial = version, None
        else:
            self.trial = (version, role, traffic)
        return True

    def promote(self) -> bool:
        return self.trial is not None and self.deploy(self.trial[0], 100, False)

    def rollback(self) -> bool:
        if self.trial is not None:
            self.trial = None
            return True
        if self.former is None:
            return False
        self.champion, self.former = self.former, None
        return True

    def stop(self) -> bool:
        self.champion = self.trial = self.former = None
        return True

    def is_told_by(self, status: Status) -> bool:
        trial = status.trial
        told = (trial.version, trial.role, trial.traffic) if trial else None
        return (status.version, told, status.former) == (self.champion, self.trial, self.former)


def act(seldon: KubernetesSeldon, bundles: dict[str, ServingBundle], words: Any) -> None:
    verb, *rest = words
    if verb == "deploy":
        version, traffic, shadow = rest
        seldon.deploy(bundles[version], "tiny", traffic, shadow)
    else:
        getattr(seldon, verb)()


@given(acts=st.lists(DEPLOY | VERB, min_size=4, max_size=8))
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_order_of_roll_outs(
    api: EmulatedApi, bundles: dict[str, ServingBundle], tmp_path: Path, acts: list[Any]
) -> None:
    seldon, expected = seldon_of(api, tmp_path), Expected()
    seldon.stop()
    for words in [("deploy", "v1", 100, False), *acts]:
        before, applied = expected.champion, len(api.cluster.applied)
        verb, *rest = words
        if getattr(expected, verb)(*rest):
            act(seldon, bundles, words)
        else:
            with pytest.raises(AdclickError):
                act(seldon, bundles, words)
        assert expected.is_told_by(seldon.status())
        for manifest in api.cluster.applied[applied:]:
            assert not crd.available() or crd.problems(manifest) == []
            rules.check(manifest)
            there = [p["labels"]["version"] for p in manifest["spec"]["predictors"]]
            answers = {p["labels"]["version"]: p["traffic"] for p in manifest["spec"]["predictors"]}
            # a champion leaves only once another one has been given all requests
            assert before is None or before in there or answers == {expected.champion: 100}
    shutil.rmtree(tmp_path / "predictions", ignore_errors=True)
