"""How fast ingestion is: rows, images, a bucket, a large log, and other engines at the same job.

Takes about twenty minutes on two cores, and 12 GB of disk below the temporary folder. Other
programs' work is measured with it: have the machine to itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console

from benchmarks.figures import Figure
from benchmarks.ingest import decoding
from benchmarks.ingest.bucket import BUCKET, bucket_figures, measure_bucket, serving
from benchmarks.ingest.data import Size, made_in
from benchmarks.ingest.engines import engine_figures, measure_engines
from benchmarks.ingest.rows import measure_rows, row_figures
from benchmarks.ingest.whole import TIMES_THE_DATA, check_whole, measure_whole, whole_figures
from benchmarks.parts import Chosen, command_line, measure_parts, measure_rounds
from benchmarks.processes import Place

NAME = "ingest"
ROUNDS = 3
SMALL = 20  # `--small` is so many times less data


@dataclass(frozen=True)
class Options:
    """How much is measured."""

    rounds: int
    rows: int
    large_rows: int
    large_creatives: int
    less: int

    @property
    def sizes(self) -> dict[str, Size]:
        """The logs to make."""
        rows, creatives = self.large_rows // self.less, self.large_creatives // self.less
        quarter = Size(rows // TIMES_THE_DATA, creatives // TIMES_THE_DATA)
        return {
            "rows": Size(self.rows // self.less),
            "bucket": Size(60_000, 6_000 // self.less, months=2, files=2),
            "large": Size(rows, creatives, late=rows // 200),
            "quarter": quarter,
            "job": Size(300_000 // self.less, 6_000 // self.less),
        }


class Benchmark:
    """The parts, each of which makes its data and measures its rounds."""

    def __init__(self, options: Options, place: Place) -> None:
        self._options, self._place = options, place
        self._console = Console(stderr=True, style="dim", highlight=False)

    def parts(self) -> dict[str, Callable[[], list[Figure]]]:
        """What is measured, by name."""
        return {
            "images": self._images,
            "rows": self._rows,
            "bucket": self._bucket,
            "large": self._large,
            "engines": self._engines,
        }

    def _images(self) -> list[Figure]:
        files = decoding.make_jpegs(decoding.IMAGES // self._options.less)
        rounds = self._rounds("images", lambda: decoding.measure_round(files))
        return decoding.figures(files, rounds)

    def _rows(self) -> list[Figure]:
        data = self._make("rows", pictures=False)
        return row_figures(self._rounds("rows", lambda: measure_rows(data)), made_in(data))

    def _bucket(self) -> list[Figure]:
        data = self._make("bucket", BUCKET)
        with serving(data.parent) as address:
            return bucket_figures(self._rounds("bucket", lambda: measure_bucket(address)))

    def _large(self) -> list[Figure]:
        large, quarter = self._make("large"), self._make("quarter")
        rounds = self._rounds("large", lambda: measure_whole(large, quarter))
        for one in rounds:
            check_whole(one.large, made_in(large))
            check_whole(one.quarter, made_in(quarter))
        return whole_figures(rounds, made_in(large))

    def _engines(self) -> list[Figure]:
        data = self._make("job")
        return engine_figures(self._rounds("engines", lambda: measure_engines(data)), data)

    def _make(self, name: str, below: str = "log", pictures: bool = True) -> Path:
        """A log, made in a process of its own: its memory is not to count as a contender's."""
        self._console.print(f"making data: {name}")
        folder = self._place.folder / name / below
        size = asdict(self._options.sizes[name])
        words = [word for key, value in size.items() for word in (f"--{key}", str(value))]
        drawn = ("--pictures", str(self._place.folder / "pictures")) if pictures else ()
        self._place.measure("-m", "benchmarks.ingest.data", str(folder), *words, *drawn)
        return folder

    def _rounds[R](self, name: str, measure: Callable[[], R]) -> list[R]:
        return measure_rounds(self._console, name, self._options.rounds, measure)


def main() -> None:
    """Measure, print the figures and keep them as results/ingest.json."""
    parser = command_line(NAME, __doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"how often ({ROUNDS})")
    parser.add_argument("--rows", type=int, default=2_000_000, help="of the comparison of rows")
    parser.add_argument("--large-rows", type=int, default=10_000_000, help="of the large log")
    parser.add_argument("--large-creatives", type=int, default=50_000, help="of the large log")
    told = parser.parse_args()
    own = {name: value for name, value in vars(told).items() if name in Options.__annotations__}
    options = Options(**own, less=SMALL if told.small else 1)
    measure_parts(NAME, lambda place: Benchmark(options, place).parts(), Chosen.of(told))


if __name__ == "__main__":
    main()
