"""Server processes in tests: free ports, conditions to wait for, what a server left behind."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

import psutil


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until[T](condition: Callable[[], T], what: str, seconds: float = 60.0) -> T:
    """What `condition` gives as soon as it holds; fail the test when not within `seconds`."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.02)
    return found


def refuses(port: int) -> bool:
    """Whether nothing answers on the port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def gone(processes: list[psutil.Process]) -> bool:
    """Whether all of `processes` have ended."""
    return not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in processes)


def tree(pid: int) -> list[psutil.Process]:
    """A server's master and its workers."""
    master = psutil.Process(pid)
    return [master, *master.children(recursive=True)]
