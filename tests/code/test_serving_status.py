"""What `run.py status` says."""

from __future__ import annotations

from pathlib import Path

from serving.deployment import Status


def test_nothing_serves() -> None:
    assert str(Status()) == "nothing serves"


def test_a_server_of_this_machine() -> None:
    status = Status(
        "v1", "http://here", True, pid=7, uptime=3600.0, memory=12_000_000, log=Path("l")
    )
    assert str(status) == "v1 at http://here: ready, pid 7\nup 3,600 s, 12 MB, log l"


def test_a_cluster_s_servers_and_those_that_are_not_ready() -> None:
    assert (
        str(Status("v1", "http://there", True, uptime=5.2)) == "v1 at http://there: ready\nup 5 s"
    )
    assert str(Status("v1", "http://there")) == "v1 at http://there: not ready"
