"""Running a contender: until it is ready, what it costs, that it answers right, and its end."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import requests

from benchmarks.processes import REPOSITORY, memory
from benchmarks.serving.contenders import Contender
from benchmarks.serving.world import World
from serving.options import ADDRESS

READY_SECONDS = 60.0
STOP_SECONDS = 15.0
POLL_SECONDS = 0.01
LOG_LINES = 10


@dataclass(frozen=True)
class Server:
    """A contender that is ready, `ready` seconds after its start."""

    contender: Contender
    process: psutil.Process
    ready: float

    def cpu(self) -> float:
        """Processor seconds of all its processes so far, those that have ended too."""
        return tree_cpu(self.process)

    def memory(self) -> int:
        """Bytes of all its processes; what several share counts once."""
        return memory(_tree(self.process))

    def check(self, world: World) -> None:
        """Raises RuntimeError when it does not score the bundle's golden requests right."""
        bundle = world.bundle
        for golden in bundle.golden:
            body = self.contender.body([golden.features])
            answer = _post(self.contender, body)
            (score,) = self.contender.scores(answer)
            if not abs(score - golden.score) <= bundle.manifest.tolerance:
                raise RuntimeError(f"{self.contender.name} scores {score}, not {golden.score}")


@contextmanager
def running(contender: Contender, folder: Path) -> Iterator[Server]:
    """The contender, ready; stopped at the end.

    Raises RuntimeError with its last lines when it is not ready within READY_SECONDS.
    """
    log = folder / f"{contender.name}-{contender.port}.log"
    with log.open("wb") as output:
        started = time.perf_counter()
        child = subprocess.Popen(
            contender.command,
            cwd=REPOSITORY,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY), **contender.environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    process = psutil.Process(child.pid)
    try:
        while not is_ready(contender.port, contender.ready):
            if child.poll() is not None or time.perf_counter() - started > READY_SECONDS:
                raise RuntimeError(f"{contender.name} is not ready: {_tail(log)}")
            time.sleep(POLL_SECONDS)
        yield Server(contender, process, time.perf_counter() - started)
    finally:
        stop(child, process)


def is_ready(port: int, path: str) -> bool:
    """Whether a server answers 200 there."""
    try:
        answer = requests.get(f"http://{ADDRESS}:{port}{path}", timeout=2.0)
    except requests.RequestException:
        return False
    return answer.status_code == requests.codes.ok


def stop(child: subprocess.Popen[bytes], process: psutil.Process) -> None:
    """End a server and all that it started."""
    tree = _tree(process)
    child.terminate()
    try:
        child.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    for one in tree:
        if one.is_running():
            one.kill()


def tree_cpu(process: psutil.Process) -> float:
    """Processor seconds of a process, its living descendants and those that it waited for."""
    total = 0.0
    for one in _tree(process):
        try:
            times = one.cpu_times()
        except psutil.Error:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total


def _tree(process: psutil.Process) -> list[psutil.Process]:
    try:
        return [process, *process.children(recursive=True)]
    except psutil.Error:
        return []


def _post(contender: Contender, body: object) -> object:
    url = f"http://{ADDRESS}:{contender.port}{contender.path}"
    headers = {"Content-Type": "application/json"}
    answer = requests.post(url, data=json.dumps(body), headers=headers, timeout=10)
    if answer.status_code != requests.codes.ok:
        raise RuntimeError(f"{contender.name} answers {answer.status_code}: {answer.text[:300]}")
    return answer.json()


def _tail(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(lines[-LOG_LINES:])
