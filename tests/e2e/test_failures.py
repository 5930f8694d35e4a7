"""What is said of a run elsewhere whose step failed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.e2e.runs import REPOSITORY


def test_a_failed_step_is_named_with_its_error_and_the_end_of_its_log(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.e2e.failing"],
        cwd=REPOSITORY,
        env={**os.environ, "ADCLICK_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    _, told, said = ran.stdout.partition("told: ")
    assert told, ran.stdout
    assert said.startswith("step boil failed: builtins.ValueError: too hot\n")
    assert 'raise ValueError("too hot")' in said
