"""How good the click model is, against the true click probabilities of sample data, and how fast.

Takes about fifteen minutes on two cores. Worlds and scores are kept in the work folder and are
computed anew only where the code that makes them has changed.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from adclick.sample_data.options import SampleOptions
from benchmarks.figures import Figure
from benchmarks.model.avazu import DATA, avazu_figures
from benchmarks.model.quality import CONTENDERS, quality_figures
from benchmarks.model.scores import Scores
from benchmarks.model.throughput import memory_figures, sample_figures, step_figures
from benchmarks.parts import Chosen, Parts, command_line, measure_parts
from benchmarks.processes import Place

NAME = "model"
WORK = Path(tempfile.gettempdir()) / "adclick-bench-model"
SAMPLE = SampleOptions()
SMALL = SampleOptions(months=4, impressions=12_000, creatives_per_month=20, base_rate=0.2)
OTHER_RULES = 1


class Benchmark:
    """The parts, each of which makes its world and trains its contenders."""

    def __init__(
        self, sample: SampleOptions, seeds: int, avazu: Path, work: Path, place: Place
    ) -> None:
        self._sample, self._seeds, self._avazu = sample, tuple(range(1, seeds + 1)), avazu
        self._work, self._place = work, place

    def parts(self) -> dict[str, Callable[[], list[Figure]]]:
        """What is measured, by name."""
        return {
            "quality": self._quality,
            "other-rules": self._other_rules,
            "steps": lambda: step_figures(self._sample, self._work, self._place),
            "memory": lambda: memory_figures(self._sample, self._work, self._place),
            "sample": lambda: sample_figures(self._work, self._place),
            "avazu": lambda: avazu_figures(self._avazu, self._work),
        }

    def _quality(self) -> list[Figure]:
        return self._figures(self._sample, "")

    def _other_rules(self) -> list[Figure]:
        options = self._sample.model_copy(update={"rule_seed": OTHER_RULES})
        return self._figures(options, f"rule seed {OTHER_RULES}")

    def _figures(self, options: SampleOptions, name: str) -> list[Figure]:
        scores = Scores(options, self._work, self._place)
        scores.make(CONTENDERS, self._seeds)
        return quality_figures(scores, self._seeds, name)


def main() -> None:
    """Measure, print the figures and keep them as results/model.json."""
    parser = command_line(NAME, __doc__)
    parser.add_argument("--seeds", type=int, default=3, help="trainings of each contender (3)")
    parser.add_argument("--work", type=Path, default=WORK, help=f"where data is kept ({WORK})")
    parser.add_argument("--avazu", type=Path, default=DATA, help=f"its rows ({DATA})")
    options = parser.parse_args()
    chosen = Chosen.of(options)
    if not options.avazu.is_file() and chosen.has("avazu"):
        parser.error(f"{options.avazu} is not there: name it with --avazu, or parts with --only")
    sample = SMALL if options.small else SAMPLE

    def parts(place: Place) -> Parts:
        return Benchmark(sample, options.seeds, options.avazu, options.work, place).parts()

    measure_parts(NAME, parts, chosen, aside=options.work)


if __name__ == "__main__":
    main()
