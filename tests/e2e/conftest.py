"""What tests of run.py share: places to work in, and one full run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.e2e.runs import Place, Ran
from tests.servers import free_port


@pytest.fixture(scope="session")
def make_place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Place]]:
    """Makes places; what serves in them is stopped at the end."""
    places: list[Place] = []

    def make(name: str) -> Place:
        places.append(Place(tmp_path_factory.mktemp(name), free_port()))
        return places[-1]

    yield make
    for place in places:
        place.seldon.stop()


@dataclass(frozen=True)
class First:
    """A place and the run that was the first in it."""

    place: Place
    run: Ran


@pytest.fixture(scope="session")
def first(make_place: Callable[[str], Place]) -> First:
    """The whole way on sample data, from nothing."""
    place = make_place("first")
    return First(place, place.run_small())
