"""Roll-outs and crashes while clients ask: the real Envoy, keeper and servers."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from adclick.errors import AdclickError
from serving.client import PredictionClient
from serving.deployment import Deployment, Role, Served, Status
from serving.local.edge import Edge
from serving.local.keeper import MODULE
from serving.process_table import process_with
from serving.processes import LocalSeldon
from tests.bundles import example, tiny_bundle
from tests.load import load
from tests.servers import free_port, gone, tree, wait_until

BIAS = {"v1": -2.0, "v2": 1.0, "v3": 0.5}


@dataclass(frozen=True)
class Local:
    """A manager with a folder and a port of its own."""

    folder: Path
    port: int

    @property
    def manager(self) -> LocalSeldon:
        return LocalSeldon(self.folder / "state", self.port, self.folder / "log", workers=2)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def envoy(self) -> psutil.Process | None:
        return Edge(self.folder.resolve() / "state" / "edge").process()

    @property
    def keeper(self) -> psutil.Process | None:
        return process_with(MODULE, "--state", str(self.folder.resolve() / "state"))

    def deploy(self, version: str, traffic: int = 100, shadow: bool = False) -> Deployment:
        bundle = tiny_bundle(self.folder / version, version, bias=BIAS[version])
        return self.manager.deploy(bundle, traffic, shadow)

    def champion(self, version: str) -> Served:
        """The champion after this version was made it."""
        self.deploy(version)
        champion = self.manager.status().champion
        assert champion and champion.pid and champion.version == version
        return champion

    def seen(self) -> list[tuple[str, str, int]]:
        return [(v.version, v.role, v.traffic) for v in self.manager.status().versions if v.healthy]


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    made = Local(tmp_path_factory.mktemp("rollout"), free_port())
    yield made
    made.manager.stop()
    assert made.envoy is None
    wait_until(lambda: made.keeper is None, "the keeper ended")


def test_a_new_version_takes_over_under_load(local: Local) -> None:
    local.champion("v1")
    with load(local.url) as asked:
        asked.wait_for_more(50)
        local.deploy("v2")
        assert asked.answers["v1"] and not asked.failures
        before = asked.answers["v1"]
        asked.wait_for_more(50)
        assert asked.answers["v1"] == before
    assert local.seen() == [("v2", Role.CHAMPION, 100)]


def test_a_canary_gets_its_share_and_is_promoted(local: Local) -> None:
    local.champion("v1")
    with load(local.url) as asked:
        canary = local.deploy("v2", traffic=30)
        assert (canary.role, canary.traffic) == (Role.CANARY, 30)
        assert local.seen() == [("v1", Role.CHAMPION, 70), ("v2", Role.CANARY, 30)]
        asked.answers.clear()
        asked.wait_for_more(600)
        share = asked.answers["v2"] / sum(asked.answers.values())
        assert 0.2 < share < 0.4
        status = local.manager.promote()
        assert (status.version, status.trial, status.former) == ("v2", None, "v1")
        asked.wait_for_more(50)
    assert local.seen() == [("v2", Role.CHAMPION, 100)]


def test_a_canary_is_taken_back(local: Local) -> None:
    champion = local.champion("v1")
    with load(local.url) as asked:
        local.deploy("v2", traffic=50)
        asked.wait_for_more(50)
        status = local.manager.rollback()
        before = asked.answers["v2"]
        asked.wait_for_more(50)
        assert asked.answers["v2"] == before > 0
    assert status.champion and status.champion.pid == champion.pid
    assert local.seen() == [("v1", Role.CHAMPION, 100)]


def test_a_shadow_gets_copies_and_answers_nobody(local: Local) -> None:
    local.champion("v1")
    with load(local.url) as asked:
        local.deploy("v2", traffic=100, shadow=True)
        before = local.manager.status().trial
        asked.wait_for_more(100)
    assert set(asked.answers) == {"v1"}
    assert before and before.observed and (before.role, before.traffic) == (Role.SHADOW, 100)
    copied = before.observed.requests + 100

    def arrived() -> bool:
        trial = local.manager.status().trial
        return bool(trial and trial.observed and trial.observed.requests >= copied)

    wait_until(arrived, "the shadow got the copies")
    # another share of another kind, for the version that is on trial already
    again = local.deploy("v2", traffic=20)
    assert (again.started, again.role) == (False, Role.CANARY)
    assert local.seen() == [("v1", Role.CHAMPION, 80), ("v2", Role.CANARY, 20)]
    # an older version on trial gives way
    local.deploy("v3", traffic=10)
    assert local.seen() == [("v1", Role.CHAMPION, 90), ("v3", Role.CANARY, 10)]
    local.manager.rollback()


def test_the_champion_before_comes_back_once(local: Local) -> None:
    local.champion("v1")
    local.deploy("v2")
    with load(local.url) as asked:
        status = local.manager.rollback()
        asked.wait_for_more(20)
    assert (status.version, status.former) == ("v1", None)
    with pytest.raises(AdclickError, match="nothing to roll back"):
        local.manager.rollback()
    with pytest.raises(AdclickError, match="no version is on trial"):
        local.manager.promote()


@pytest.mark.parametrize(
    ("traffic", "shadow", "why"),
    [
        (0, False, "must be 1 to 100"),
        (101, False, "must be 1 to 100"),
        (10, False, "is the champion"),
    ],
)
def test_a_share_that_cannot_be(local: Local, traffic: int, shadow: bool, why: str) -> None:
    local.champion("v1")
    with pytest.raises(AdclickError, match=why):
        local.deploy("v1", traffic, shadow)
    assert local.seen() == [("v1", Role.CHAMPION, 100)]


def test_nothing_is_tried_beside_nothing(tmp_path: Path) -> None:
    nowhere = Local(tmp_path, free_port())
    with pytest.raises(AdclickError, match="nothing serves that a canary could be compared with"):
        nowhere.deploy("v1", traffic=10)
    assert nowhere.manager.status() == Status()


def test_a_killed_worker_drops_nothing(local: Local) -> None:
    champion = local.champion("v1")
    assert champion.pid
    master, *workers = tree(champion.pid)
    with load(local.url) as asked:
        asked.wait_for_more(50)
        workers[0].kill()
        wait_until(lambda: len(tree(master.pid)) == len(workers) + 1, "a new worker")
        asked.wait_for_more(50)


@pytest.mark.parametrize("whole", [True, False], ids=["all of it", "its master"])
def test_a_killed_server_comes_back_and_drops_nothing(local: Local, whole: bool) -> None:
    champion = local.champion("v1")
    assert champion.pid
    before = tree(champion.pid)
    with load(local.url) as asked:
        asked.wait_for_more(50)
        (os.killpg if whole else os.kill)(champion.pid, signal.SIGKILL)
        wait_until(lambda: gone(before), "the old one is gone")
        wait_until(lambda: local.seen() == [("v1", Role.CHAMPION, 100)], "it is back")
        asked.wait_for_more(50)
    again = local.manager.status().champion
    assert again and again.pid != champion.pid


def test_a_killed_envoy_comes_back_as_it_was(local: Local) -> None:
    local.champion("v1")
    local.deploy("v2", traffic=25)
    before = local.seen()
    envoy = local.envoy
    assert envoy
    envoy.kill()
    wait_until(lambda: gone([envoy]) and local.seen() == before, "Envoy is back")
    with load(local.url) as asked:
        asked.wait_for_more(20)
    local.manager.rollback()


def test_servers_outlive_their_keeper_and_the_next_one_keeps_them(local: Local) -> None:
    champion = local.champion("v1")
    keeper = local.keeper
    assert keeper
    with load(local.url) as asked:
        keeper.kill()
        wait_until(lambda: gone([keeper]), "the keeper is gone")
        status = local.manager.status()
        assert status.warning and "no keeper runs" in status.warning
        asked.wait_for_more(50)
        status = local.manager.deploy(tiny_bundle(local.folder / "v1", "v1")).pid
        assert status == champion.pid
    assert local.manager.status().warning is None
    assert champion.pid
    os.killpg(champion.pid, signal.SIGKILL)
    wait_until(lambda: local.seen() == [("v1", Role.CHAMPION, 100)], "the server is back")


def test_a_killed_keeper_does_not_hold_up_a_roll_out(local: Local) -> None:
    local.champion("v1")
    keeper = local.keeper
    assert keeper
    keeper.kill()
    with load(local.url) as asked:
        local.deploy("v2", traffic=50)
        killed = local.keeper
        assert killed
        killed.kill()
        local.manager.promote()
        asked.wait_for_more(20)
    with PredictionClient(local.url) as client:
        assert client.predict([example()]).version == "v2"
