"""One replica of a task: its own command in its own image, by this machine's docker engine.

The engine is real, and so are image, user and file system; emulated is where the container runs:
in the network of another container, which has the emulated cloud's addresses.
"""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from tests.gcp.cloud import names
from tests.gcp.cloud.vertex.task import Task

# of the replicas of a cloud, with the name of the container whose network they are in
LABEL: Final = "adclick-test-cloud"


@dataclass(frozen=True)
class ContainerMachine:
    """Runs replicas as containers of their task's image, in the network of the one named `beside`.

    They have nothing of this machine but the files that `environment` names (an authority's
    certificate), and a hosts file, which is written to `folder`.
    """

    beside: str
    environment: Mapping[str, str]
    folder: Path

    def start(
        self, task: Task, environment: Mapping[str, str], log: Path
    ) -> subprocess.Popen[bytes]:
        """Start a replica that appends to `log`; killing what is returned ends all of it."""
        name = f"{self.beside}-{uuid.uuid4().hex[:12]}"
        program, *words = task.command
        variables = {**self.environment, **environment}
        options = [
            f"--name={name}",
            f"--label={LABEL}={self.beside}",
            f"--label=task={task.name}",
            f"--network=container:{self.beside}",
            f"--volume={self._hosts()}:/etc/hosts:ro",
            *(f"--volume={path}:{path}:ro" for path in self._files()),
            *(f"--env={variable}={value}" for variable, value in variables.items()),
            f"--entrypoint={program}",
        ]
        with log.open("ab") as output:
            return _Replica(name, ["docker", "run", "--rm", *options, task.image, *words], output)

    def _hosts(self) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / "hosts"
        if not path.exists():
            path.write_text(names.hosts_file(), encoding="utf-8")
        return path

    def _files(self) -> list[Path]:
        named = [Path(value) for value in self.environment.values() if value.startswith("/")]
        return list(dict.fromkeys(path for path in named if path.is_file()))


class _Replica(subprocess.Popen[bytes]):
    """The engine's client, which shows the container's output and ends with its exit code."""

    def __init__(self, name: str, command: Sequence[str], output: IO[bytes]) -> None:
        super().__init__(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        self._name = name

    def kill(self) -> None:
        """End the container, which does not end with its client, and then the client."""
        if self.poll() is None:
            remove = ["docker", "rm", "--force", self._name]
            subprocess.run(remove, capture_output=True, check=False)
        super().kill()
