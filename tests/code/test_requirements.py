"""The locked environments: a model is trained in one and served in another."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[.*\])?==(\S+)", re.MULTILINE)
# what computes, and what writes the files that travel
MODELS = {"tensorflow", "keras", "numpy", "h5py", "onnx", "tf2onnx", "onnxruntime", "scikit-learn"}
# what ZenML's gcp integration and seldon-core cannot agree on
GCP_OWN = {"fsspec", "gcsfs", "grpcio-status", "protobuf", "tenacity"}


def pins(name: str) -> dict[str, str]:
    return dict(PIN.findall((REPOSITORY / name).read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("lock", "models", "own"),
    [
        ("requirements-serving.txt", {"numpy", "onnxruntime"}, set()),
        ("requirements-gcp.txt", MODELS, GCP_OWN),
    ],
)
def test_environments_share_their_versions(lock: str, models: set[str], own: set[str]) -> None:
    local, other = pins("requirements.txt"), pins(lock)
    shared = local.keys() & other.keys()
    assert models <= shared
    assert {name for name in shared if other[name] != local[name]} == own


def test_peers_of_the_server_score_with_its_libraries() -> None:
    local, peers = pins("requirements.txt"), pins("requirements-bench-serving.txt")
    computing = ("numpy", "onnxruntime", "pyarrow", "scipy")
    assert [peers[name] for name in computing] == [local[name] for name in computing]


def test_the_gpu_libraries_are_those_of_the_steps_tensorflow() -> None:
    steps, gpu = pins("requirements-gcp.txt"), pins("requirements-gpu.txt")
    assert all(steps[name] == version for name, version in gpu.items() if name in steps)
    assert any(name.startswith("nvidia-cudnn") for name in gpu)


def test_the_serving_image_has_neither_training_nor_pipelines() -> None:
    assert (
        not {"tensorflow", "keras", "zenml", "onnx", "pandas"}
        & pins("requirements-serving.txt").keys()
    )


def test_steps_have_no_server() -> None:
    assert "seldon-core" not in pins("requirements-gcp.txt")
