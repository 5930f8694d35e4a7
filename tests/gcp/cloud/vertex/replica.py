"""Emulated: one replica of a task, its own command as a process in a file system of its own."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[4]
SETUP = Path(__file__).with_name("replica.sh")
_PYTHONS = ("python", "python3")


@dataclass(frozen=True)
class Machine:
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
        self, command: Sequence[str], environment: Mapping[str, str], log: Path
    ) -> subprocess.Popen[bytes]:
        """Start a replica that appends to `log`; killing what is returned ends all of it."""
        own = [str(self.python), *command[1:]] if command[0] in _PYTHONS else [*command]
        hide = [word for folder in self.hidden for word in ("--hide", str(folder))]
        keep = [word for path in self._kept() for word in ("--keep", str(path))]
        isolated = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
        guarded = ["setpriv", "--pdeathsig", "KILL", *isolated, "--propagation", "private"]
        with log.open("ab") as output:
            return _Processes(
                [*guarded, "sh", str(SETUP), str(self.root), *hide, *keep, "--", *own],
                env=self._variables(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
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


class _Processes(subprocess.Popen[bytes]):
    """A process with its group, which ends with it even before `unshare` has tied them together."""

    def kill(self) -> None:
        """End all of them."""
        if self.poll() is None:
            os.killpg(self.pid, signal.SIGKILL)
