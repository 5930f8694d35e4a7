"""What is made in one environment is read in the others, and answers the same."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.gcp.cloud.running import REPOSITORY

ENVIRONMENTS = (".venv", ".venv-gcp")
SERVING = ".venv-serving"
MISSING = [
    name for name in (*ENVIRONMENTS, SERVING) if not (REPOSITORY / name / "bin/python").exists()
]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"make {' '.join(MISSING)}: make test-gcp does"),
]


@pytest.mark.parametrize(("maker", "reader"), [ENVIRONMENTS, ENVIRONMENTS[::-1]])
def test_artifacts_travel_between_environments(maker: str, reader: str, tmp_path: Path) -> None:
    exchange(maker, "make", tmp_path)
    exchange(reader, "read", tmp_path)
    exchange(SERVING, "serve", tmp_path)


def exchange(environment: str, what: str, folder: Path) -> None:
    python = REPOSITORY / environment / "bin/python"
    done = subprocess.run(
        [python, "-m", "tests.gcp.exchange", what, folder],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
