"""The runtimes that exports are tried in, each as a process that knows nothing of adclick."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from adclick.errors import AdclickError

ENVIRONMENT = ".venv-export"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
LAST_LINES = 5
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0", "PYTHONDONTWRITEBYTECODE": "1"}


@dataclass(frozen=True)
class Runtimes:
    """Programs by purpose; those of the export environment are made when they are first asked for.

    `repository` is where the Makefile is that makes it.
    """

    repository: Path

    @property
    def python(self) -> str:
        """Python with TensorFlow and ONNX Runtime: this one."""
        return sys.executable

    @cached_property
    def export_python(self) -> str:
        """Python with the TF.js converter and LiteRT."""
        return str(self._environment / "bin" / "python")

    @cached_property
    def node(self) -> str:
        """Node."""
        return str(self._environment / "bin" / "node")

    @cached_property
    def tfjs(self) -> Path:
        """TF.js as one file, for Node and pages alike."""
        return self._environment / "node/node_modules/@tensorflow/tfjs/dist/tf.min.js"

    @cached_property
    def browser(self) -> str | None:
        """Chromium or Chrome, if one is installed."""
        return next((found for name in BROWSERS if (found := shutil.which(name))), None)

    @cached_property
    def _environment(self) -> Path:
        target = f"{ENVIRONMENT}/installed"
        run([shutil.which("make") or "make", "--silent", target], self.repository, dict(os.environ))
        return self.repository / ENVIRONMENT


def run(command: Sequence[str], folder: Path, environment: dict[str, str] | None = None) -> str:
    """What a command prints, run in a folder with little in its environment.

    Raises AdclickError with its last lines when it fails.
    """
    bare = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    done = subprocess.run(
        list(command),
        cwd=folder,
        env=environment or {**bare, **QUIET},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-LAST_LINES:]
        raise AdclickError(f"{' '.join(command[:3])} failed: {' | '.join(last)}")
    return done.stdout


def scores_of(command: Sequence[str], folder: Path) -> list[float]:
    """The scores that an example prints, which are the last line of its output."""
    return list(last_line(run(command, folder)))


def last_line(output: str) -> Any:
    """The last line of an output, which is JSON."""
    return json.loads(output.strip().splitlines()[-1])
