"""What monitoring costs and how often it is right: speed, false alarms, detection of faults.

Takes about twenty minutes on two cores, and 2 GB of disk below the temporary folder. Other
programs' work is measured with it: have the machine to itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from rich.console import Console

from benchmarks.figures import Figure
from benchmarks.monitoring.alarms import Worlds, alarm_figures, count
from benchmarks.monitoring.speed import (
    TIMES_THE_DATA,
    Round,
    beside_figures,
    check_same,
    large_figures,
    measure_beside,
    measure_large,
)
from benchmarks.parts import Chosen, command_line, measure_parts
from benchmarks.processes import Place

NAME = "monitoring"
SMALL = 20  # `--small` is so many times less


@dataclass(frozen=True)
class Options:
    """How much is measured."""

    rows: int
    worlds: tuple[Worlds, ...]


WHOLE = Options(
    1_000_000,
    (
        Worlds(worlds=12, months=20, rows=2_000, creatives=30),
        Worlds(worlds=12, months=20, rows=20_000, creatives=80),
        Worlds(worlds=12, months=8, rows=100_000, creatives=300, sure=True),
    ),
)
TRY = Options(WHOLE.rows // SMALL, (Worlds(worlds=2, months=7, rows=2_000, creatives=30),))


class Benchmark:
    """The parts of the benchmark."""

    def __init__(self, options: Options, place: Place) -> None:
        self._options, self._place = options, place
        self._console = Console(stderr=True, style="dim", highlight=False)

    def parts(self) -> dict[str, Callable[[], list[Figure]]]:
        """What is measured, by name."""
        return {"speed": self._speed, "large": self._large, "alarms": self._alarms}

    @cached_property
    def _beside(self) -> Round:
        self._console.print("checks and presets")
        return measure_beside(self._place.folder / "log", self._options.rows)

    def _speed(self) -> list[Figure]:
        return beside_figures(self._beside, self._options.rows)

    def _large(self) -> list[Figure]:
        rows = TIMES_THE_DATA * self._options.rows
        self._console.print(f"{rows:,} rows")
        found = measure_large(self._place.folder / "large", rows)
        check_same([self._beside, found])
        return large_figures(found, self._beside, rows)

    def _alarms(self) -> list[Figure]:
        say = self._console.print
        return alarm_figures([(worlds, count(worlds, say)) for worlds in self._options.worlds])


def main() -> None:
    """Measure, print the figures and keep them as results/monitoring.json."""
    told = command_line(NAME, __doc__).parse_args()
    options = TRY if told.small else WHOLE
    measure_parts(
        NAME,
        lambda place: Benchmark(options, place).parts(),
        Chosen.of(told),
    )


if __name__ == "__main__":
    main()
