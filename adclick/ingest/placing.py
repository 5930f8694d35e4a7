"""Units of a month's files, run and put where they belong: what ingestion and scoring share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from adclick.ingest.executor import Executor
from adclick.ingest.units import RowUnit

type Place = tuple[int, int]  # of a unit: its file's number, and its own in the file


class Found(Protocol):
    """What came of a unit's rows: where they really began and ended, and the lines they take."""

    @property
    def begin(self) -> int:
        """Where the rows began, in the unit's own measure."""

    @property
    def end(self) -> int:
        """Where they ended."""

    @property
    def lines(self) -> int:
        """How many lines they take."""


@dataclass(frozen=True)
class Placed[R]:
    """A unit as it was read, what came of it, and the line of the file that it begins after."""

    place: Place
    unit: RowUnit
    result: R
    lines_before: int


def run_placed[T, R: Found](
    executor: Executor,
    work: Callable[[T], R],
    task_of: Callable[[RowUnit, Place], T],
    files: Sequence[Sequence[RowUnit]],
    told: Callable[[RowUnit, R], None],
) -> Iterator[Placed[R]]:
    """What `work` makes of all units of these files, in the order of files and lines.

    A unit that began within a row is done again from where the one before it ends. `told` hears of
    each unit as it is done.
    """
    done = executor.run(work, (task_of(unit, place) for unit, place in _all_units(files)))
    for number, file in enumerate(files):
        before = file[0].first_line if file else 0
        end = file[0].begin if file else 0
        for position, planned in enumerate(file):
            unit, result = planned, next(done)
            told(unit, result)
            if unit.end is not None and end >= unit.end:
                continue
            if result.begin != end:
                unit = unit.model_copy(update={"begin": end, "exact": True})
                (result,) = executor.run(work, [task_of(unit, (number, position))])
            yield Placed((number, position), unit, result, before)
            end, before = result.end, before + result.lines


def _all_units(files: Sequence[Sequence[RowUnit]]) -> Iterator[tuple[RowUnit, Place]]:
    for number, file in enumerate(files):
        for position, unit in enumerate(file):
            yield unit, (number, position)
