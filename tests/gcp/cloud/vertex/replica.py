"""Emulated: one replica of a task, a process that sees what it would in a container."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.container import Containers
from tests.gcp.cloud.vertex.task import Task


@dataclass(frozen=True)
class ProcessMachine:
    """Runs replicas as processes of this machine, all images being one environment."""

    containers: Containers

    def start(
        self, task: Task, environment: Mapping[str, str], log: Path
    ) -> subprocess.Popen[bytes]:
        """Start a replica that appends to `log`; killing what is returned ends all of it."""
        return self.containers.start(task.command, environment, log)
