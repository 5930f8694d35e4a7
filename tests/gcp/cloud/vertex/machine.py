"""Emulated: what a task's replicas run on."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from tests.gcp.cloud.vertex.task import Task


class Machine(Protocol):
    """Starts the task's own command, as a process (`replica`) or in its image (`container`)."""

    def start(
        self, task: Task, environment: Mapping[str, str], log: Path
    ) -> subprocess.Popen[bytes]:
        """Start a replica that appends to `log`; killing what is returned ends all of it."""
