"""What the tests of the real images share: an engine, a registry, a base, and the images."""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gcp.cloud.vertex.container import LABEL
from tests.gcp.images import base, built, engine, registry

ASKED = "ADCLICK_TEST_IMAGES"


def cannot() -> str | None:
    """Why the images are not built here and now, or None."""
    if not os.environ.get(ASKED):
        return f"images are built where {ASKED}=1 asks for it: make test-gcp-images"
    return engine.why_not() or registry.why_not() or base.why_not()


@pytest.fixture(scope="session")
def scratch() -> Iterator[Path]:
    """A folder that is gone at the end: images are large."""
    if (reason := cannot()) is not None:
        pytest.skip(reason)
    with tempfile.TemporaryDirectory(prefix="adclick-images-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def address(scratch: Path) -> Iterator[str]:
    """Host and port of a registry."""
    with registry.local_registry(scratch / "registry") as started:
        yield started


@pytest.fixture(scope="session")
def base_name(scratch: Path) -> str:
    """The base of our images."""
    return base.base_image(scratch / "base")


@pytest.fixture(scope="session")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where builds log to."""
    return tmp_path_factory.mktemp("images")


@pytest.fixture(scope="session")
def serving_image(address: str, base_name: str, logs: Path) -> Iterator[built.Image]:
    """The serving image, as the registry has it."""
    with engine.tidied(base_name):
        image = built.build_serving(address, base_name, logs / "serving.log")
        print(f"\nserving image {image}")
        yield image
        engine.docker("image", "rm", "--force", image.name)


@pytest.fixture(scope="session")
def steps_image(scratch: Path, address: str, base_name: str, logs: Path) -> Iterator[built.Image]:
    """The steps' image, as ZenML built and pushed it."""
    if (reason := built.no_room_for_steps()) is not None:
        pytest.skip(reason)
    with engine.tidied(base_name):
        image = built.build_steps(address, base_name, scratch / "home", logs / "steps.log")
        print(f"\nsteps' image {image}")
        yield image
        engine.docker("image", "rm", "--force", image.name, f"{address}/steps:first")


@pytest.fixture(scope="session")
def network(base_name: str) -> Iterator[str]:
    """A container whose network the cloud has, and the steps beside it."""
    name = f"adclick-test-{uuid.uuid4().hex[:8]}"
    engine.docker(
        "run", "--detach", f"--name={name}", "--network=none", base_name, "sleep", "infinity"
    )
    try:
        yield name
    finally:
        left = engine.docker("ps", "--all", "--quiet", f"--filter=label={LABEL}={name}").split()
        engine.docker("rm", "--force", *left, name)
