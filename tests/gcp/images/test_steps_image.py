"""The steps' image, as ZenML builds it from stacks/steps.Dockerfile: what is in it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.gcp.images import context
from tests.gcp.images.built import REPOSITORY, Image
from tests.gcp.images.engine import docker, inspect, tidied

pytestmark = pytest.mark.slow
USER = 10001
LOCKS = ("requirements-gcp.txt", "requirements-gpu.txt")
PINNED = re.compile(r"^([\w.-]+)(?:\[[\w,-]+\])?==(\S+)", re.MULTILINE)
# what TensorFlow opens on a machine with a GPU, by NVIDIA's packages
LIBRARIES = """
import ctypes, importlib.util, json, pathlib
import tensorflow as tf
info = dict(tf.sysconfig.get_build_info())
root = pathlib.Path(importlib.util.find_spec("nvidia").submodule_search_locations[0])
wanted = ["cudnn/lib/libcudnn.so.9", "cublas/lib/libcublas.so.12", "cufft/lib/libcufft.so.11",
          "cuda_runtime/lib/libcudart.so.12", "cusolver/lib/libcusolver.so.11",
          "cusparse/lib/libcusparse.so.12", "nccl/lib/libnccl.so.2"]
opened = {name: ctypes.CDLL(root / name, ctypes.RTLD_GLOBAL) for name in reversed(wanted)}
print(json.dumps({
    "tensorflow": tf.__version__,
    "built_with_cuda": tf.test.is_built_with_cuda(),
    "cuda": info["cuda_version"],
    "built_for_cudnn": info["cudnn_version"],
    "cudnn": opened[wanted[0]].cudnnGetVersion(),
    "opened": sorted(opened) == sorted(wanted),
}))
"""


def python(image: Image, code: str) -> Any:
    """What the code prints last in a container of the image, as JSON."""
    printed = docker("run", "--rm", image.name, "python", "-c", code, timeout=300)
    return json.loads(printed.splitlines()[-1])


def test_the_build_by_hand_sees_the_locks_alone(base_name: str) -> None:
    ignored = REPOSITORY / "stacks/steps.Dockerfile.dockerignore"
    assert context.of_docker_build(base_name, ignored) == [*LOCKS]


def test_zenml_s_build_sees_the_locks_alone(
    address: str, base_name: str, scratch: Path, logs: Path
) -> None:
    with tidied(base_name):
        seen = context.of_zenml_build(address, base_name, scratch / "home", logs / "context.log")
    assert seen == ["Dockerfile", *LOCKS]


def test_it_has_what_the_locks_name_and_none_of_our_code(steps_image: Image) -> None:
    code = (
        "import importlib.metadata as m, importlib.util as u, json; "
        "print(json.dumps([[d.name, d.version] for d in m.distributions()]))"
    )
    installed = {(_normal(name), version) for name, version in python(steps_image, code)}
    texts = [(REPOSITORY / lock).read_text(encoding="utf-8") for lock in LOCKS]
    locked = {(_normal(name), version) for text in texts for name, version in PINNED.findall(text)}
    assert locked - installed == set()
    assert {name for name, _ in installed - locked} <= {"pip", "setuptools"}
    ours = "import importlib.util as u, json; print(json.dumps(bool(u.find_spec('adclick'))))"
    assert python(steps_image, ours) is False


def test_tensorflow_and_the_libraries_that_it_needs_on_a_gpu(steps_image: Image) -> None:
    found = python(steps_image, LIBRARIES)
    assert found["built_with_cuda"]
    assert found["cuda"].startswith("12.")
    assert found["cudnn"] // 10000 == int(found["built_for_cudnn"].split(".")[0]) == 9
    assert found["opened"]


def test_it_runs_as_a_user_without_rights_who_may_write_to_its_folder(steps_image: Image) -> None:
    assert inspect(steps_image.name)["Config"]["User"] == str(USER)
    script = "id -u && pwd && touch code && echo $HOME && touch ~/x && ! touch /venv/x"
    printed = docker("run", "--rm", steps_image.name, "sh", "-c", script)
    assert printed.splitlines() == [str(USER), "/app", "/home/adclick"]


def test_it_is_as_large_as_the_docs_say(steps_image: Image) -> None:
    assert steps_image.gigabytes < 10


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
