"""What evaluation costs, and how often it is right: speed, coverage of intervals, decisions.

Takes about twelve minutes on two cores, and 2 GB of disk below the temporary folder.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rich.console import Console

from benchmarks.evaluation.coverage import coverage_figures
from benchmarks.evaluation.decisions import decision_figures
from benchmarks.evaluation.speed import (
    measure_resamples,
    measure_slices,
    measure_stream,
    resample_times,
    slice_times,
    stream_times,
)
from benchmarks.figures import Figure
from benchmarks.parts import Chosen, command_line, measure_parts, measure_rounds

NAME = "evaluation"
SMALL = 20  # `--small` is so many times less


@dataclass(frozen=True)
class Options:
    """How much is measured."""

    rounds: int
    rows: int
    large_rows: int
    pairs: int
    draws: int
    less: int


class Benchmark:
    """The parts of the benchmark."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._console = Console(stderr=True, style="dim", highlight=False)

    def parts(self) -> dict[str, Callable[[], list[Figure]]]:
        """What is measured, by name."""
        return {
            "slices": self._slices,
            "stream": self._stream,
            "resamples": self._resamples,
            "coverage": self._coverage,
            "decisions": self._decisions,
        }

    def _slices(self) -> list[Figure]:
        rows = self._options.rows // self._options.less
        return slice_times(self._rounds("slices", lambda: measure_slices(rows)), rows)

    def _stream(self) -> list[Figure]:
        rows = self._options.large_rows // self._options.less
        return stream_times(self._rounds("stream", lambda: measure_stream(rows)), rows)

    def _resamples(self) -> list[Figure]:
        rows, times = self._options.rows // self._options.less, 1_000
        found = self._rounds("resamples", lambda: measure_resamples(rows, times))
        return resample_times(found, rows, times)

    def _coverage(self) -> list[Figure]:
        return coverage_figures(self._options.draws // self._options.less, self._console.print)

    def _decisions(self) -> list[Figure]:
        return decision_figures(self._options.pairs // self._options.less, self._console.print)

    def _rounds[R](self, name: str, measure: Callable[[], R]) -> list[R]:
        return measure_rounds(self._console, name, self._options.rounds, measure)


def main() -> None:
    """Measure, print the figures and keep them as results/evaluation.json."""
    parser = command_line(NAME, __doc__)
    parser.add_argument("--rounds", type=int, default=3, help="how often what is timed is (3)")
    parser.add_argument("--rows", type=int, default=1_000_000, help="of slices and resamples")
    parser.add_argument("--large-rows", type=int, default=10_000_000, help="of the stream")
    parser.add_argument("--pairs", type=int, default=200, help="of models to decide on")
    parser.add_argument("--draws", type=int, default=400, help="of intervals")
    told = parser.parse_args()
    own = {name: value for name, value in vars(told).items() if name in Options.__annotations__}
    benchmark = Benchmark(Options(**own, less=SMALL if told.small else 1))
    measure_parts(NAME, lambda _: benchmark.parts(), Chosen.of(told))


if __name__ == "__main__":
    main()
