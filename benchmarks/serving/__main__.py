"""How fast our server is beside others, and how it bears load, roll-outs, crashes and time.

Takes about twenty minutes on two cores. Other programs' work is measured with it: have the machine
to itself.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from benchmarks.figures import Figure
from benchmarks.parts import Chosen, command_line, measure_parts
from benchmarks.processes import Place
from benchmarks.serving.changes import changes_figures, measure_changes
from benchmarks.serving.contest import Round, many_figures, measure_contest, single_figures
from benchmarks.serving.open_load import (
    half_peak_figures,
    measure_half_peak,
    measure_new_creatives,
    new_creative_figures,
)
from benchmarks.serving.soak import measure_soak, soak_figures
from benchmarks.serving.start import measure_start, start_figures
from benchmarks.serving.world import World, make_apart

NAME = "serving"
ROWS = 128


@dataclass(frozen=True)
class Options:
    """How much is measured: `seconds` is a turn of a round."""

    rounds: int
    seconds: float
    soak_minutes: float
    impressions: int
    creatives: int


WHOLE = Options(rounds=5, seconds=4.0, soak_minutes=10.0, impressions=100_000, creatives=500)
SMALL = Options(rounds=1, seconds=1.0, soak_minutes=0.2, impressions=6_000, creatives=20)


class Benchmark:
    """The parts, each of which starts its servers and measures its rounds."""

    def __init__(self, options: Options, place: Place) -> None:
        self._options, self._place = options, place
        self._console = Console(stderr=True, style="dim", highlight=False)
        self._world = self._make()

    def parts(self) -> dict[str, Callable[[], list[Figure]]]:
        """What is measured, by name."""
        return {
            "single": self._single,
            "many": self._many,
            "half-peak": self._half_peak,
            "new-creatives": self._new_creatives,
            "start": self._start,
            "changes": self._changes,
            "soak": self._soak,
        }

    def _single(self) -> list[Figure]:
        return single_figures(self._contest(1))

    def _many(self) -> list[Figure]:
        return many_figures(self._contest(ROWS), ROWS)

    def _contest(self, rows: int) -> list[Round]:
        rounds, seconds = self._options.rounds, self._options.seconds
        return measure_contest(self._world, self._folder("contest"), rounds, seconds, rows)

    def _half_peak(self) -> list[Figure]:
        # the slowest of a hundred differ more from round to round than anything else here
        rounds, seconds = 3 * self._options.rounds, self._options.seconds
        folder = self._folder("half-peak")
        return half_peak_figures(
            measure_half_peak(self._world, folder, rounds, 2 * seconds, ROWS), ROWS
        )

    def _new_creatives(self) -> list[Figure]:
        rounds, seconds = self._options.rounds, self._options.seconds
        folder = self._folder("new-creatives")
        return new_creative_figures(measure_new_creatives(self._world, folder, rounds, 2 * seconds))

    def _start(self) -> list[Figure]:
        folder = self._folder("start")
        rounds = range(self._options.rounds)
        return start_figures([measure_start(self._world, folder) for _ in rounds])

    def _changes(self) -> list[Figure]:
        rounds, seconds = self._options.rounds, self._options.seconds
        return changes_figures(
            measure_changes(self._world, self._folder("changes"), rounds, 2 * seconds)
        )

    def _soak(self) -> list[Figure]:
        folder, minutes = self._folder("soak"), self._options.soak_minutes
        return soak_figures(measure_soak(self._world, folder, minutes, ROWS))

    def _make(self) -> World:
        """What is served, made in a process of its own: it loads TensorFlow."""
        self._console.print("training what is served")
        folder = self._folder("world")
        return make_apart(self._place, folder, self._options.impressions, self._options.creatives)

    def _folder(self, name: str) -> Path:
        self._console.print(f"measuring: {name}")
        folder = self._place.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def main() -> None:
    """Measure, print the figures and keep them as results/serving.json."""
    parser = command_line(NAME, __doc__)
    parser.add_argument("--rounds", type=int, help=f"how often ({WHOLE.rounds})")
    parser.add_argument("--soak-minutes", type=float, help=f"({WHOLE.soak_minutes:g})")
    told = parser.parse_args()
    options = _options(told)
    measure_parts(
        NAME,
        lambda place: Benchmark(options, place).parts(),
        Chosen.of(told),
    )


def _options(told: argparse.Namespace) -> Options:
    chosen = {"rounds": told.rounds, "soak_minutes": told.soak_minutes}
    given = {name: value for name, value in chosen.items() if value is not None}
    return replace(SMALL if told.small else WHOLE, **given)


if __name__ == "__main__":
    main()
