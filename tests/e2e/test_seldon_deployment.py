"""Deployment by the manager: replacing versions, failing, stopping, and surviving kills."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from adclick.bundle.bundle import ServingBundle
from adclick.errors import AdclickError
from serving import processes
from serving.client import PredictionClient
from serving.deployment import Deployment, Status
from serving.golden import GoldenCheck
from serving.options import DRAIN_SECONDS
from serving.process_table import server_processes
from serving.processes import LocalSeldon
from stacks.seldon_local import SeldonLocalConfig, seldon_of
from tests.bundles import GOLDEN, Wrong, example, expected, tiny_bundle
from tests.load import load
from tests.servers import free_port, gone, refuses, tree, wait_until

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Local:
    """A manager with a state folder and a port of its own; one worker starts sooner."""

    folder: Path
    port: int

    @property
    def manager(self) -> LocalSeldon:
        return LocalSeldon(self.folder / "state", self.port, self.folder / "log", workers=1)

    def processes(self) -> list[psutil.Process]:
        """The servers' processes."""
        return server_processes(self.folder.resolve() / "state" / "versions")

    def deploy(self, version: str, bias: float = -2.0, wrong: Wrong | None = None) -> Deployment:
        bundle = tiny_bundle(self.folder / version, version, bias=bias, wrong=wrong)
        return self.manager.deploy(bundle)

    def serves(self, version: str) -> bool:
        with PredictionClient(f"http://127.0.0.1:{self.port}") as client:
            return client.predict([example()]).version == version


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    """Shared, because deploying what already serves takes no time; tests name their versions."""
    made = Local(tmp_path_factory.mktemp("local"), free_port())
    yield made
    made.manager.stop()
    assert made.processes() == []


def test_deploys_once_replaces_and_stops(local: Local) -> None:
    first = local.deploy("v1")
    assert first.started
    assert (first.version, first.golden_checked) == ("v1", len(GOLDEN))
    assert first.largest_difference <= 1e-6
    again = local.deploy("v1")
    assert (again.started, again.pid, again.golden_checked) == (False, first.pid, len(GOLDEN))

    status = local.manager.status()
    served = status.champion
    assert served and (served.version, status.url, served.pid) == ("v1", first.url, first.pid)
    assert served.healthy and served.log and served.log.is_file()
    assert served.uptime and 0 < served.uptime < 60
    assert served.memory and 50e6 < served.memory < 500e6

    assert first.pid is not None
    old = tree(first.pid)
    second = local.deploy("v2", bias=1.0)
    assert gone(old)
    assert local.manager.status().former == "v1"
    assert second.started
    with PredictionClient(second.url) as client:
        prediction = client.predict([example()])
    bundle = tiny_bundle(local.folder / "same", "v2", bias=1.0)
    assert prediction.scores == tuple(expected(bundle, [example()]))
    assert prediction.version == "v2"

    assert second.pid is not None
    new = tree(second.pid)
    began = time.monotonic()
    stopped = local.manager.stop()
    assert time.monotonic() - began < DRAIN_SECONDS, "was not ended by SIGTERM"
    assert stopped.champion
    assert (stopped.version, stopped.champion.pid) == ("v2", second.pid)
    assert gone(new)
    assert refuses(local.port)
    assert local.manager.status() == Status() == local.manager.stop()


def test_the_stock_wrapper_serves_where_a_stack_says_so(tmp_path: Path) -> None:
    config = {"state": str(tmp_path / "state"), "port": free_port(), "workers": 1}
    seldon = seldon_of(SeldonLocalConfig(**config, server="seldon-core-microservice"))
    try:
        seldon.deploy(tiny_bundle(tmp_path / "s1", "s1"))
        with load(f"http://127.0.0.1:{config['port']}") as asked:
            asked.wait_for_more(20)
            second = seldon.deploy(tiny_bundle(tmp_path / "s2", "s2"))
            before = asked.answers["s1"]
            asked.wait_for_more(20)
        assert asked.answers["s1"] == before > 0
        assert second.pid
        command = psutil.Process(second.pid).cmdline()
        assert command[command.index("--server") + 1] == "seldon-core-microservice"
        champion = seldon.status().champion
        assert champion and champion.observed and champion.observed.requests >= 20
    finally:
        seldon.stop()


def test_a_server_needs_no_folder_but_its_own(local: Local) -> None:
    bundle = tiny_bundle(local.folder / "temporary", "temporary")
    pid = local.manager.deploy(bundle).pid
    assert pid is not None
    master, *workers = tree(pid)
    for file in bundle.path.iterdir():
        file.unlink()
    for worker in workers:
        worker.kill()
    wait_until(lambda: gone(workers) and len(tree(master.pid)) == 2, "a new worker")
    assert local.serves("temporary")


def test_a_damaged_bundle_leaves_the_former_version_alone(local: Local) -> None:
    former = local.deploy("v1")
    bundle = tiny_bundle(local.folder / "damaged", "damaged")
    (bundle.path / "encoder.json").write_text("{}")
    with pytest.raises(AdclickError, match=r"encoder\.json is missing or damaged"):
        local.manager.deploy(bundle)
    with pytest.raises(AdclickError, match="golden request 1 of version wrong"):
        local.deploy("wrong", wrong=Wrong(golden=1, by=0.1))
    champion = local.manager.status().champion
    assert champion and champion.pid == former.pid
    assert local.serves("v1")


@pytest.mark.parametrize("golden", [0, 1], ids=["ends while it starts", "answers wrongly"])
def test_a_new_version_that_fails_gets_no_request(
    local: Local, monkeypatch: pytest.MonkeyPatch, golden: int
) -> None:
    former = local.deploy("v1")
    monkeypatch.setattr(processes, "check_offline", lambda _: GoldenCheck(0, 0.0))
    with pytest.raises(AdclickError) as failed:
        local.deploy(f"bad{golden}", wrong=Wrong(golden, by=0.1))
    message = str(failed.value)
    assert message.startswith(f"version bad{golden} was not deployed: ")
    assert f"golden request {golden} of version bad{golden}" in message
    assert message.endswith("version v1 serves on")
    assert "\n" not in message
    status = local.manager.status()
    assert [(one.version, one.pid) for one in status.versions] == [("v1", former.pid)]
    assert local.serves("v1")


def test_a_server_that_is_never_ready_is_stopped(local: Local) -> None:
    local.manager.stop()
    bundle = tiny_bundle(local.folder / "v1", "v1")
    hasty = LocalSeldon(
        local.folder / "state", local.port, local.folder / "log", start_seconds=0.01
    )
    with pytest.raises(AdclickError, match=r"not ready in 0\.01 s.*no version serves"):
        hasty.deploy(bundle)
    # the keeper may have been starting it just then
    wait_until(lambda: local.processes() == [], "its processes are gone")


def test_a_port_that_a_stranger_holds(local: Local) -> None:
    local.manager.stop()
    with socket.create_server(("127.0.0.1", local.port)):
        with pytest.raises(AdclickError) as failed:
            local.deploy("v1")
        name = psutil.Process().name()
        assert str(failed.value) == (
            f"port {local.port} is in use by pid {os.getpid()} ({name}): "
            "stop it or set ADCLICK_SELDON_PORT to another"
        )
        assert local.processes() == []


def test_another_port_moves_the_edge_and_no_server(local: Local) -> None:
    first = local.deploy("v1")
    moved = Local(local.folder, free_port())
    second = moved.manager.deploy(tiny_bundle(local.folder / "v1", "v1"))
    assert (second.started, second.pid) == (False, first.pid)
    assert refuses(local.port)
    assert moved.serves("v1")
    moved.manager.stop()


MANAGER = """
import sys
from pathlib import Path
from adclick.bundle.bundle import load_bundle
from serving.processes import LocalSeldon
state, port, log, bundle = sys.argv[1:]
LocalSeldon(Path(state), int(port), Path(log), workers=1).deploy(load_bundle(bundle))
"""


def start_manager(local: Local, bundle: ServingBundle) -> subprocess.Popen[bytes]:
    words = [local.folder / "state", local.port, local.folder / "log", bundle.path]
    return subprocess.Popen(
        [sys.executable, "-c", MANAGER, *map(str, words)], cwd=REPOSITORY, start_new_session=True
    )


def test_what_a_killed_manager_was_starting_ends_by_itself(local: Local) -> None:
    local.manager.stop()
    killed = start_manager(local, tiny_bundle(local.folder / "v1", "v1"))
    try:
        wait_until(local.processes, "the server process exists")
    finally:
        killed.kill()
        killed.wait()
    assert local.manager.status().champion is None
    wait_until(lambda: local.manager.status() == Status(), "nothing serves")
    assert local.processes() == []
    deployed = local.deploy("later")
    assert deployed.pid is not None
    assert {p.pid for p in local.processes()} == {p.pid for p in tree(deployed.pid)}
    assert local.serves("later")


def test_a_manager_killed_after_its_decision_has_it_carried_out(local: Local) -> None:
    local.deploy("v1")
    killed = start_manager(local, tiny_bundle(local.folder / "v2", "v2", bias=1.0))
    try:
        decided = "the decision is taken"
        wait_until(lambda: local.manager.status().version == "v2", decided, seconds=60)
    finally:
        killed.kill()
        killed.wait()
    wait_until(lambda: local.serves("v2"), "the new version answers")
    wait_until(lambda: len(local.manager.status().versions) == 1, "the former one is gone")
    assert local.manager.status().former == "v1"


def test_managers_wait_for_each_other(local: Local) -> None:
    bundles = [tiny_bundle(local.folder / name, name) for name in ("one", "two")]
    managers = [start_manager(local, bundle) for bundle in bundles]
    assert [manager.wait() for manager in managers] == [0, 0]
    status = local.manager.status()
    assert {status.version, status.former} >= {"one", "two"} and len(status.versions) == 1
