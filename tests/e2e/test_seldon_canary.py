"""Canaries that watch themselves, beside a real champion: under load, without any, and by hand."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from adclick.canary.policy import CanaryPolicy
from adclick.canary.trial import CanaryTrial
from adclick.prediction_log import read_predictions
from adclick.prediction_log.sample import sample_requests
from adclick.records.reading import EVERY_DAY, read_records
from serving.deployment import Role, Status, Trial
from serving.processes import LocalSeldon
from serving.replay import Requests, requests_to_replay
from serving.watch import watch_canary
from tests.bundles import GOLDEN, tiny_bundle, tiny_schema
from tests.load import load
from tests.servers import free_port, wait_until

# this machine may be busy: latency is not what these tests are about
POLICY = CanaryPolicy(
    traffic=50,
    least_requests=60,
    look_seconds=0.1,
    longest_minutes=1,
    latency_floor_ms=1000,
    replay_after_seconds=None,
)
BIAS = {"v1": -2.0, "alike": -1.95, "mad": 3.0}


class Local:
    """A manager with a folder and a port of its own, and a champion."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.log = str(folder / "log")
        self.url = f"http://127.0.0.1:{port}"
        self.manager: Any = LocalSeldon(folder / "state", port, folder / "log", workers=1)

    def deploy(self, version: str, traffic: int = 100) -> None:
        self.manager.deploy(
            tiny_bundle(self.folder / version, version, bias=BIAS[version]), traffic
        )

    def requests(self) -> Requests:
        return requests_to_replay(self.log, tiny_bundle(self.folder / "v1", "v1"))

    def watch(self, version: str, policy: CanaryPolicy = POLICY) -> CanaryTrial:
        return watch_canary(self.manager, "v1", version, policy, self.requests)

    def try_out(self, version: str, policy: CanaryPolicy = POLICY) -> CanaryTrial:
        self.deploy("v1")
        self.deploy(version, policy.traffic)
        return self.watch(version, policy)

    @property
    def serves(self) -> list[tuple[str, str, int]]:
        return [(v.version, v.role, v.traffic) for v in self.manager.status().versions]


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    made = Local(tmp_path_factory.mktemp("canary"), free_port())
    yield made
    made.manager.stop()


def alone(version: str) -> list[tuple[str, str, int]]:
    return [(version, Role.CHAMPION, 100)]


def test_where_nobody_asks_golden_requests_are_replayed_and_are_no_traffic(local: Local) -> None:
    trial = local.try_out("mad", POLICY.model_copy(update={"replay_after_seconds": 0.0}))
    assert (trial.version, trial.champion, trial.outcome) == ("mad", "v1", "rolled back")
    assert trial.reason.startswith("distance of scores")
    assert trial.replayed >= 20
    assert trial.replayed_from == f"{len(GOLDEN)} golden requests of version v1"
    assert local.serves == alone("v1")

    def logged() -> int:
        return sum(table.num_rows for table in read_records(local.log, ["_request"]))

    wait_until(lambda: logged() >= trial.replayed - 2, "what was replayed is in the log")
    for version in ("v1", "mad"):
        assert read_predictions(local.log, tiny_schema(), version).table.num_rows == 0
    assert sample_requests(local.log, tiny_schema(), EVERY_DAY, 10) == ()


def test_a_canary_under_load_is_promoted_without_any_request_of_ours(local: Local) -> None:
    with load(local.url) as asked:
        local.deploy("v1")
        asked.wait_for_more(5)
        trial = local.try_out("alike", POLICY.model_copy(update={"replay_after_seconds": 2.0}))
        asked.wait_for_more(20)
    assert trial.outcome == "promoted", trial
    assert (trial.replayed, trial.replayed_from) == (0, None)
    assert {condition.outcome for condition in trial.conditions} == {"holds"}
    assert local.serves == alone("alike")


def test_a_canary_with_mad_scores_is_taken_back_under_load(local: Local) -> None:
    with load(local.url) as asked:
        trial = local.try_out("mad")
        seen = asked.answers["mad"]
        asked.wait_for_more(20)
        assert asked.answers["mad"] == seen > 0
    assert trial.outcome == "rolled back"
    assert trial.reason.startswith("distance of scores")
    assert local.serves == alone("v1")


def test_what_was_asked_lately_is_replayed(local: Local) -> None:
    local.deploy("v1")
    with load(local.url) as asked:
        asked.wait_for_more(20)
    wait_until(lambda: "logged since" in local.requests().source, "the log has them")
    trial = local.try_out("alike", POLICY.model_copy(update={"replay_after_seconds": 0.0}))
    assert trial.outcome == "promoted"
    assert trial.replayed_from and "candidates logged since" in trial.replayed_from


def test_too_few_requests_keep_the_champion(local: Local) -> None:
    trial = local.try_out("alike", POLICY.model_copy(update={"longest_minutes": 0.5 / 60}))
    assert trial.outcome == "rolled back"
    assert "requests answered: 0 (champion 0), bound: at least 60 each" in trial.reason
    assert "it takes about 60 requests of the canary to tell" in trial.reason
    assert trial.reason.endswith("(deployment.canary.undecided: rollback)")
    assert local.serves == alone("v1")


@pytest.mark.parametrize("promoted", [True, False], ids=["promote", "roll back"])
def test_who_does_not_wait_ends_the_watch(local: Local, promoted: bool) -> None:
    found: list[CanaryTrial] = []
    local.deploy("v1")
    local.deploy("alike", 50)
    watcher = threading.Thread(target=lambda: found.append(local.watch("alike")))
    watcher.start()
    status = local.manager.promote() if promoted else local.manager.rollback()
    watcher.join()
    (trial,) = found
    assert trial.outcome == ("promoted" if promoted else "rolled back")
    assert trial.reason == "by hand, while it was watched"
    assert local.serves == alone(status.version)


@pytest.mark.parametrize("promoted", [True, False], ids=["promote", "roll back"])
def test_who_acts_between_the_last_look_and_the_act_is_not_undone(
    local: Local, promoted: bool
) -> None:
    local.deploy("v1")
    local.deploy("mad", 50)
    by_hand = local.manager.promote if promoted else local.manager.rollback
    late = Late(local.manager, by_hand)
    patient = POLICY.model_copy(update={"replay_after_seconds": 0.0})
    trial = watch_canary(late, "v1", "mad", patient, local.requests)
    assert trial.outcome == ("promoted" if promoted else "rolled back")
    assert trial.reason == "by hand, while it was watched"
    assert local.serves == alone("mad" if promoted else "v1")


@dataclass(frozen=True)
class Late:
    """A deployer that somebody else asks for something just before it takes a canary back."""

    deployer: Any
    by_hand: Callable[[], object]

    def rollback(self, seen: Trial) -> Status:
        self.by_hand()
        status: Status = self.deployer.rollback(seen)
        return status

    def __getattr__(self, name: str) -> Any:
        return getattr(self.deployer, name)
