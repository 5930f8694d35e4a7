"""Emulated: one replica of a task, its own command as a process in a file system of its own."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.gcp.cloud.vertex.task import Task

REPOSITORY = Path(__file__).resolve().parents[4]
SETUP = Path(__file__).with_name("replica.sh")
_PYTHONS = ("python", "python3")


@dataclass(frozen=True)
class ProcessMachine:
    """What stands for the images: an interpreter, and the environment of all containers.

    Files that the environment names (an authority's certificate) can be read by the replicas. They
    see nothing of the `hidden` folders, so that a step can't live on files that only this machine
    has.
    """

    python: Path
    environment: Mapping[str, str]
    root: Path
    hidden: tuple[Path, ...] = (REPOSITORY,)

    def start(
        self, task: Task, environment: Mapping[str, str], log: Path
    ) -> subprocess.Popen[bytes]:
        """Start a replica that appends to `log`; killing what is returned ends all of it."""
        program, *words = task.command
        own = [str(self.python) if program in _PYTHONS else program, *words]
        self.root.mkdir(parents=True, exist_ok=True)
        hide = [word for folder in self.hidden for word in ("--hide", str(folder))]
        keep = [word for path in self._kept() for word in ("--keep", str(path))]
        isolated = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
        guarded = ["setpriv", "--pdeathsig", "KILL", *isolated, "--propagation", "private"]
        with log.open("ab") as output:
            return subprocess.Popen(
                [*guarded, "sh", str(SETUP), str(self.root), *hide, *keep, "--", *own],
                env=self._variables(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def _variables(self, environment: Mapping[str, str]) -> dict[str, str]:
        container = {
            "PATH": f"{self.python.parent}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
            "HOME": "/home/replica",
            "LANG": "C.UTF-8",
        }
        return {**container, **self.environment, **environment}

    def _kept(self) -> list[Path]:
        named = [Path(value) for value in self.environment.values() if value.startswith("/")]
        interpreter = [self.python.parents[1], self.python.resolve().parents[1]]
        return [*interpreter, *dict.fromkeys(path for path in named if path.is_file())]
