from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adclick.ingest.executor import UNITS_AHEAD, Threads, executor_here


@given(st.lists(st.integers(), max_size=50), st.integers(1, 4))
def test_results_come_in_the_order_of_units(units: list[int], threads: int) -> None:
    assert list(Threads(threads).run(lambda unit: -unit, units)) == [-unit for unit in units]


def test_units_run_side_by_side() -> None:
    meeting = threading.Barrier(3, timeout=10)
    assert sorted(Threads(3).run(lambda _: meeting.wait(), range(3))) == [0, 1, 2]


def test_units_are_taken_as_results_are() -> None:
    taken = []

    def units() -> Iterator[int]:
        for unit in range(100):
            taken.append(unit)
            yield unit

    results = Threads(2).run(lambda unit: unit, units())
    assert [next(results) for _ in range(10)] == list(range(10))
    assert len(taken) <= 10 + 2 * (1 + UNITS_AHEAD)


def test_the_first_error_in_the_order_of_units_is_raised() -> None:
    def fail(unit: int) -> int:
        if unit:
            raise ValueError(unit)
        return unit

    results = Threads(2).run(fail, range(4))
    assert next(results) == 0
    with pytest.raises(ValueError, match=r"^1$"):
        next(results)


def test_threads_are_the_engine_of_a_stack_that_names_none() -> None:
    assert isinstance(executor_here({}), Threads)
