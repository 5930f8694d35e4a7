"""Which of our processes run: the process table is the record that no crash leaves wrong."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from adclick.errors import AdclickError
from serving.options import ADDRESS, MODULE


@dataclass(frozen=True)
class RunningServer:
    """A server's master process, as its command line describes it."""

    process: psutil.Process
    version: str
    port: int
    workers: Sequence[psutil.Process]

    @property
    def name(self) -> str:
        """What tells it from every other server, those before and after it too."""
        return f"{self.process.pid} of {self.process.info['create_time']}"

    @property
    def uptime(self) -> float:
        """Seconds since it was started."""
        return time.time() - float(self.process.info["create_time"])

    @property
    def memory(self) -> int:
        """Bytes that master and workers hold, 0 where one has just ended."""
        try:
            return resident([self.process, *self.workers])
        except psutil.NoSuchProcess:
            return 0


def resident(processes: Sequence[psutil.Process]) -> int:
    """Bytes of memory that `processes` hold together; on Linux pages that they share count once.

    Elsewhere these do not count at all. Raises psutil.NoSuchProcess.
    """
    infos = [process.memory_full_info() for process in processes]
    return sum(int(getattr(info, "pss", info.uss)) for info in infos)


def free_port() -> int:
    """A port on this machine on which nothing listens."""
    with socket.socket() as probe:
        probe.bind((ADDRESS, 0))
        return int(probe.getsockname()[1])


def server_processes(versions: Path) -> list[psutil.Process]:
    """Masters and workers of every server whose state lies below `versions`.

    They are known by their command line: a process that took over a dead server's id is none.
    """
    return [
        process
        for process in psutil.process_iter(["cmdline", "create_time"])
        if (state := _option(process, "--state")) and Path(state).is_relative_to(versions)
    ]


def running_servers(versions: Path) -> dict[str, RunningServer]:
    """The servers whose state lies below `versions` and whose master process runs, by version."""
    processes = server_processes(versions)
    # a master was started in a session of its own; its orphans are on their way out
    masters = [process for process in processes if _session(process.pid) == process.pid]
    running: dict[str, RunningServer] = {}
    for master in sorted(masters, key=lambda process: float(process.info["create_time"])):
        version = Path(str(_option(master, "--state"))).name
        running[version] = RunningServer(
            process=master,
            version=version,
            port=int(str(_option(master, "--port"))),
            workers=[p for p in processes if p != master and _session(p.pid) == master.pid],
        )
    return running


def process_with(*words: str) -> psutil.Process | None:
    """The oldest process with these words one after the other on its command line, if any."""
    wanted = list(words)
    found = [
        process
        for process in psutil.process_iter(["cmdline", "create_time"])
        if _within(wanted, process.info["cmdline"] or [])
    ]
    return min(found, key=lambda process: float(process.info["create_time"]), default=None)


def stop_processes(processes: Sequence[psutil.Process], seconds: float) -> None:
    """End `processes`: SIGTERM, and SIGKILL for what is left after `seconds`."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    _, left = psutil.wait_procs(processes, timeout=seconds)
    for process in left:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(left, timeout=seconds)


def check_port_free(port: int, own: Sequence[psutil.Process]) -> None:
    """Raise AdclickError that names the process when one that is not of `own` has the port."""
    if not port_in_use(port):
        return
    owner = _listener(port)
    if owner is not None and owner in own:
        return
    who = f"pid {owner.pid} ({owner.name()})" if owner else "a process of another user"
    raise AdclickError(
        f"port {port} is in use by {who}: stop it or set ADCLICK_SELDON_PORT to another"
    )


def port_in_use(port: int) -> bool:
    """Whether a process listens on the port."""
    with socket.socket() as probe:
        # as a server does: connections that linger after a stop do not hold the port
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, port))
        except OSError:
            return True
    return False


def _listener(port: int) -> psutil.Process | None:
    try:
        connections = psutil.net_connections("tcp")
    except psutil.AccessDenied:
        return None
    for connection in connections:
        listens = connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
        if listens and connection.pid is not None:
            return psutil.Process(connection.pid)
    return None


def _within(words: list[str], line: list[str]) -> bool:
    ends = range(len(words), len(line) + 1)
    return any(line[end - len(words) : end] == words for end in ends)


def _option(process: psutil.Process, name: str) -> str | None:
    words: list[str] = process.info["cmdline"] or []
    if MODULE not in words or name not in words[:-1]:
        return None
    return words[words.index(name) + 1]


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return None
