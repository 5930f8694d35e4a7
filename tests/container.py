"""Emulated: a container, its own command as a process in a file system of its own."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
SETUP = Path(__file__).with_name("container.sh")
_PYTHONS = ("python", "python3")
_NO_VOLUMES: Mapping[str, Path] = {}


@dataclass(frozen=True)
class Containers:
    """What stands for the images: an interpreter, and the environment of all containers.

    Files that the environment names (an authority's certificate) can be read by the containers.
    They see nothing of the repository, so that a step can't live on files that only this machine
    has.
    """

    python: Path
    environment: Mapping[str, str]
    root: Path

    def start(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        log: Path,
        hostname: str = "",
        volumes: Mapping[str, Path] = _NO_VOLUMES,
    ) -> subprocess.Popen[bytes]:
        """Start a container that appends to `log`; killing what is returned ends all of it.

        `hostname` is this machine's unless it is given; `volumes` are folders by the path at which
        the container reads them, which is below /run.
        """
        own = [str(self.python), *command[1:]] if command[0] in _PYTHONS else [*command]
        options = [
            *("--hide", str(REPOSITORY)),
            *(word for path in self._kept() for word in ("--keep", str(path))),
            *(word for path, folder in volumes.items() for word in ("--volume", str(folder), path)),
            *(("--hostname", hostname) if hostname else ()),
        ]
        isolated = ["unshare", "--mount", "--uts", "--pid", "--fork", "--kill-child"]
        guarded = ["setpriv", "--pdeathsig", "KILL", *isolated, "--propagation", "private"]
        self.root.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            return _Processes(
                [*guarded, "sh", str(SETUP), str(self.root), *options, "--", *own],
                env=self._variables(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _variables(self, environment: Mapping[str, str]) -> dict[str, str]:
        container = {
            "PATH": f"{self.python.parent}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
            "HOME": "/home/container",
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
