"""The locked environments: a model is trained in one and served in another."""

from __future__ import annotations

import re
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[.*\])?==(\S+)", re.MULTILINE)


def pins(name: str) -> dict[str, str]:
    return dict(PIN.findall((REPOSITORY / name).read_text(encoding="utf-8")))


def test_the_serving_image_has_the_versions_of_training() -> None:
    training, serving = pins("requirements.txt"), pins("requirements-serving.txt")
    shared = training.keys() & serving.keys()
    assert {"numpy", "onnxruntime", "pyarrow", "scipy", "seldon-core"} <= shared
    assert {name: serving[name] for name in shared} == {name: training[name] for name in shared}


def test_the_serving_image_has_neither_training_nor_pipelines() -> None:
    assert (
        not {"tensorflow", "keras", "zenml", "onnx", "pandas"}
        & pins("requirements-serving.txt").keys()
    )
