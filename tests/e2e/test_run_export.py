"""run.py export: a version of ZenML's as a folder that scores without adclick."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import First
from tests.e2e.runs import assert_refused

pytestmark = pytest.mark.slow


def test_the_version_in_production_is_exported(first: First, tmp_path: Path) -> None:
    out = tmp_path / "for onnx"
    ran = first.place.run("export", "--to", "onnx", "--out", out)
    assert (ran.code, ran.errors) == (0, "")
    (version,) = (name for name, stage in first.place.stages().items() if stage == "production")
    assert json.loads((out / "export.json").read_text())["version"] == version
    assert "ONNX Runtime: 16 golden requests off by" in ran.output
    assert f"{out}: see README.md there" in ran.output
    command = [sys.executable, "example.py"]
    environment = {"PATH": "", "PYTHONDONTWRITEBYTECODE": "1"}
    ran_alone = subprocess.run(
        command, cwd=out, env=environment, text=True, stdout=subprocess.PIPE, check=True
    )
    assert ran_alone.stdout.count("must be") == 16


def test_an_export_says_what_it_needs(first: First, tmp_path: Path) -> None:
    assert_refused(first.place.run("export"), "--to onnx|savedmodel|tflite|tfjs --out FOLDER")
    words = ("--to", "onnx", "--out", tmp_path / "out", "--version", "2020-01.none")
    assert_refused(first.place.run("export", *words), "has no version 2020-01.none")
