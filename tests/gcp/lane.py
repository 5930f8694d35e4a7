"""A stack's runs in an emulated cloud: `python run.py --stack NAME`, as it is."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.gcp.cloud import names
from tests.gcp.cloud.running import PYTHON, REPOSITORY, Cloud

LOCAL = REPOSITORY / ".venv/bin/python"
RUN_SECONDS = 1800


@dataclass(frozen=True)
class Lane:
    """The cloud, the stack that runs there, and its configuration."""

    cloud: Cloud
    stack: str
    config: Path

    @property
    def variables(self) -> dict[str, str]:
        """What its environment has more than the cloud's: no image is built."""
        home = str(self.cloud.state / "home")
        return {"ADCLICK_STEPS_IMAGE": names.STEPS_IMAGE, "ADCLICK_HOME": home}

    @property
    def summary(self) -> dict[str, Any]:
        """What the last run that came to its end says of itself."""
        found: dict[str, Any] = json.loads(
            (self.cloud.state / "home/runs/latest.json").read_bytes()
        )
        return found

    def run(self, *options: str) -> subprocess.CompletedProcess[str]:
        """Run it to its end, with these options too."""
        return self.cloud.run(self._words(options), RUN_SECONDS, **self.variables)

    def command(self, verb: str, *options: str) -> subprocess.CompletedProcess[str]:
        """Run another of run.py's commands to its end."""
        python, script, *words = self._words(options)
        return self.cloud.run([python, script, verb, *words], RUN_SECONDS, **self.variables)

    def kill_when(self, reached: Callable[[], bool], *options: str) -> None:
        """Start it, and kill its client as soon as `reached` says so."""
        self.cloud.run_until(reached, self._words(options), RUN_SECONDS, **self.variables)

    def assert_local_model(self, found: dict[str, Any], home: Path) -> None:
        """The run whose summary this is trained what the stack `local` trains, in `home`."""
        words = ["run.py", "--stack", "local", "--pipeline", "training", "--config", self.config]
        subprocess.run(
            [LOCAL, *words],
            cwd=REPOSITORY,
            env={**os.environ, "ADCLICK_HOME": str(home)},
            check=True,
            capture_output=True,
        )
        local = json.loads((home / "runs" / "latest.json").read_bytes())["model"]
        assert local["version"] == found["model"]["version"]
        for model, metrics in local["metrics"].items():
            for metric, figure in metrics.items():
                there = found["model"]["metrics"][model][metric]
                assert there["value"] == pytest.approx(figure["value"], abs=1e-6)

    def _words(self, options: tuple[str, ...]) -> list[str | Path]:
        return [PYTHON, "run.py", "--stack", self.stack, "--config", self.config, *options]
