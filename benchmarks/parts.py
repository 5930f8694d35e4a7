"""A benchmark's command line: which of its parts are measured, and whether figures are kept."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from benchmarks.figures import Figure
from benchmarks.machine import this_machine
from benchmarks.processes import Place, cleaning_up_when_terminated, new_place
from benchmarks.report import report

type Parts = Mapping[str, Callable[[], list[Figure]]]


def command_line(name: str, description: str | None) -> argparse.ArgumentParser:
    """The parser of `python -m benchmarks.NAME`, with what all benchmarks of parts can be told."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}", description=description)
    parser.add_argument("--small", action="store_true", help="a try; its figures mean nothing")
    parser.add_argument("--only", nargs="*", help="parts to measure, without keeping the figures")
    parser.add_argument("--keep", action="store_true", help="the figures of --only, too")
    return parser


@dataclass(frozen=True)
class Chosen:
    """What the command line says of a benchmark: a try, only some parts, and to keep theirs."""

    small: bool
    only: Sequence[str] | None = None
    keep: bool = False

    @classmethod
    def of(cls, told: argparse.Namespace) -> Chosen:
        """What was told to the parser of `command_line`."""
        return cls(told.small, told.only, told.keep)

    def has(self, part: str) -> bool:
        """Whether a part is to be measured: each, or those that `--only` names."""
        return self.only is None or part in self.only


def measure_parts(
    name: str,
    parts: Callable[[Place], Parts],
    chosen: Chosen,
    aside: Path | None = None,
) -> None:
    """Measure the chosen parts, print their figures, and keep them as results/NAME.json.

    Figures of a try or of some parts go to the folder `aside`, by default that of the place; those
    of parts that are to be kept take the place of the former ones.
    """
    machine = this_machine()
    figures: list[Figure] = []
    with cleaning_up_when_terminated(), new_place() as place:
        for part, measure in parts(place).items():
            if chosen.has(part):
                figures += measure()
        if not chosen.small and (chosen.keep or chosen.only is None):
            report(name, figures, machine, part=chosen.only is not None)
        else:
            report(name, figures, machine, aside or place.folder)


def measure_rounds[R](
    console: Console, name: str, rounds: int, measure: Callable[[], R]
) -> list[R]:
    """What each of so many rounds gave; says which one it is at."""
    found = []
    for number in range(1, rounds + 1):
        console.print(f"{name}: round {number} of {rounds}")
        found.append(measure())
    return found
