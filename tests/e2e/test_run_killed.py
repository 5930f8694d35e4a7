"""kill -9 of run.py in the middle of steps: the next run goes on as if nothing had happened."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable

import psutil
import pytest

from serving.deployment import Status
from serving.process_table import server_processes
from tests.e2e.conftest import First
from tests.e2e.runs import Place, Ran, assert_refused
from tests.servers import refuses, wait_until

pytestmark = pytest.mark.slow

# one after the other in the same place: what was done before the kill is not done again
KILLED_IN = ("ingest", "train", "register", "deploy", "promote", "report_months")


@pytest.fixture(scope="module")
def place(make_place: Callable[[str], Place]) -> Place:
    return make_place("killed")


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL


def sessions(place: Place) -> set[int]:
    return {os.getsid(process.pid) for process in servers(place)}


def champions(place: Place) -> set[int | None]:
    return {champion_pid(place.serving())} - {None}


def servers(place: Place) -> list[psutil.Process]:
    return server_processes((place.state / "serving" / "versions").resolve())


def assert_a_run_beside_it_is_refused(place: Place, process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGSTOP)
    assert_refused(place.run_small(), "another run", str(place.state), "ADCLICK_HOME")


@pytest.mark.parametrize("step", KILLED_IN)
def test_status_tells_the_truth_after_a_kill(place: Place, step: str) -> None:
    process = place.start_until(step)
    if step == "train":
        assert_a_run_beside_it_is_refused(place, process)
    if step == "deploy":
        wait_until(lambda: servers(place), "the server starts", seconds=60)
    kill(process)
    status = place.serving()
    if KILLED_IN.index(step) < KILLED_IN.index("deploy"):
        assert (status, servers(place)) == (Status(), [])
        assert refuses(place.port)
    elif step == "deploy":
        # a version that was only being tried is ended once its manager is gone
        wait_until(lambda: sessions(place) == champions(place), "nothing is left of it", seconds=60)
    else:
        assert sessions(place) == {champion_pid(status)}


@pytest.fixture(scope="module")
def finished(place: Place) -> Ran:
    """The run after all those that were killed."""
    return place.run_small()


def test_the_next_run_ends_as_one_that_was_never_killed(
    place: Place, finished: Ran, first: First
) -> None:
    expected = first.run.done
    assert finished.done.model == expected.model
    assert finished.done.drift == expected.drift
    assert finished.done.serving is not None and expected.serving is not None
    assert finished.done.serving.version == expected.serving.version
    assert place.stages() == {expected.serving.version: "production"}
    assert len(place.snapshots()) == len(expected.drift)


def test_what_was_finished_before_a_kill_is_not_done_again(finished: Ran) -> None:
    assert {"generate", "fit_encoder", "train", "build_bundle"} <= finished.cached
    assert finished.step("report_months")


def test_one_server_runs_in_the_end(place: Place, finished: Ran) -> None:
    assert finished.code == 0
    status = place.serving()
    assert status.healthy
    assert sessions(place) == {champion_pid(status)}


def champion_pid(status: Status) -> int | None:
    """The process that answers."""
    return status.champion.pid if status.champion else None
