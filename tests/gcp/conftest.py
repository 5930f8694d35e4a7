"""What the tests of the emulated cloud share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.gcp.cloud.running import cannot
from tests.gcp.cloud.vertex.driving import Driven, driven
from tests.gcp.cloud.vertex.faults import Faults


@pytest.fixture(scope="session")
def _driven(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Driven]:
    if (reason := cannot()) is not None:
        pytest.skip(reason)
    with driven(tmp_path_factory.mktemp("vertex")) as service:
        yield service


@pytest.fixture
def vertex(_driven: Driven) -> Iterator[Driven]:
    """The emulated Vertex AI alone, on a port of its own, without faults."""
    Faults().write(_driven.state)
    yield _driven
    Faults().write(_driven.state)
