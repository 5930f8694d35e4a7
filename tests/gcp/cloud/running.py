"""An emulated cloud as tests use it: brought up once, with commands run in it from outside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from adclick.errors import AdclickError
from tests.gcp.cloud.options import CloudOptions
from tests.gcp.cloud.room import launch, why_not
from tests.servers import wait_until

REPOSITORY = Path(__file__).resolve().parents[3]
PYTHON = REPOSITORY / ".venv-gcp/bin/python"
ENVIRONMENTS = (".venv/installed-dev", ".venv-gcp/installed-test", ".venv-serving/installed")
READY_FILE = "cloud.json"
START_SECONDS = 180.0


@dataclass(frozen=True)
class Cloud:
    """A cloud that runs; `environment` is what a machine of its project has.

    `process` is what keeps it, seen from outside: its input is the input of the cloud's command.
    """

    state: Path
    environment: dict[str, str]
    process: subprocess.Popen[bytes]

    def run(
        self, command: Sequence[str | Path], timeout: float = 120.0, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run `command` in the cloud, in the repository; what it wrote and its exit code."""
        return subprocess.run(
            self.words(command),
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def run_until(
        self,
        reached: Callable[[], bool],
        command: Sequence[str | Path],
        timeout: float,
        **environment: str,
    ) -> None:
        """Run `command` in the cloud and kill it once `reached` is true."""
        with (
            (self.state / "killed.log").open("wb") as log,
            subprocess.Popen(
                self.words(command),
                env={**self.environment, **environment},
                stdout=log,
                stderr=subprocess.STDOUT,
            ) as process,
        ):
            try:
                wait_until(reached, "the command is to be killed", timeout)
            finally:
                for inside in psutil.Process(process.pid).children(recursive=True):
                    inside.kill()

    def words(self, command: Sequence[str | Path]) -> list[str]:
        """`command`, preceded by what takes it into the cloud from outside."""
        (init,) = psutil.Process(self.process.pid).children()
        enter = ["nsenter", "--target", str(init.pid), "--mount", "--net", "--pid", "--root"]
        return [*enter, "--", "env", "-C", str(REPOSITORY), *map(str, command)]


@contextmanager
def emulated_cloud(
    state: Path,
    data: Sequence[str] = (),
    command: Sequence[str] = ("cat",),
    containers: str | None = None,
) -> Iterator[Cloud]:
    """A cloud for a while, or until `command` ends.

    `data` has folders to find in buckets, FOLDER=gs://bucket/prefix; `containers` names the
    container of this machine's docker engine beside which steps run in their images.
    """
    state.mkdir(parents=True, exist_ok=True)
    (state / READY_FILE).unlink(missing_ok=True)
    words = ["--state", str(state), *(w for seed in data for w in ("--data", seed))]
    words += ["--containers", containers] if containers else []
    with launch_cloud([*words, "--", *command], stdin=subprocess.PIPE) as process:
        try:
            yield Cloud(state, _wait(process, state / READY_FILE), process)
        finally:
            process.kill()


def launch_cloud(arguments: Sequence[str], **streams: Any) -> subprocess.Popen[bytes]:
    """Start a cloud with the arguments of `python -m tests.gcp.cloud`; killing it ends all of it.

    Raises AdclickError where there can be none.
    """
    if (reason := cannot()) is not None:
        raise AdclickError(reason)
    command = [str(PYTHON), "-m", "tests.gcp.cloud.inside", *arguments]
    containers = CloudOptions.parse(arguments).containers
    network = _network(containers) if containers else None
    return launch(command, os.environ, REPOSITORY, network, **streams)


def _network(container: str) -> Path:
    """The network namespace of a container that runs."""
    ask = ["docker", "inspect", "--format", "{{.State.Pid}}", container]
    asked = subprocess.run(ask, capture_output=True, text=True, check=False)
    if asked.returncode != 0 or asked.stdout.strip() == "0":
        raise AdclickError(f"no container {container} runs: {asked.stderr.strip()}")
    return Path(f"/proc/{asked.stdout.strip()}/ns/net")


def cannot() -> str | None:
    """Why there can be no emulated cloud here, or None."""
    for name in ENVIRONMENTS:
        if not (REPOSITORY / name).exists():
            return f"an emulated cloud needs {name}: make {name}"
    if sys.platform != "linux":
        return "an emulated cloud needs Linux"
    return why_not()


def _wait(process: subprocess.Popen[bytes], ready: Path) -> dict[str, str]:
    deadline = time.monotonic() + START_SECONDS
    while not ready.exists():
        if process.poll() is not None:
            raise AdclickError(f"the emulated cloud did not start: see {ready.parent}/logs")
        if time.monotonic() > deadline:
            raise AdclickError(f"the emulated cloud was not ready within {START_SECONDS:g} s")
        time.sleep(0.05)
    environment: dict[str, str] = json.loads(ready.read_text(encoding="utf-8"))
    return environment
