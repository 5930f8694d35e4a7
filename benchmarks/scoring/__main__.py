"""How fast whole logs are scored: rows, memory, new creatives, beside Keras and the API.

Takes about eight minutes on two cores, and 3 GB of disk below the temporary folder. Other programs'
work is measured with it: have the machine to itself.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console

from adclick.bundle.bundle import CREATIVE_IDS, CREATIVES
from benchmarks.figures import Figure
from benchmarks.parts import Chosen, measure_parts
from benchmarks.processes import Place
from benchmarks.scoring.log import manifest
from benchmarks.scoring.rounds import Round, measure_round, scoring_figures
from benchmarks.serving.world import World, make_apart, rename

NAME = "scoring"


@dataclass(frozen=True)
class Options:
    """How much is measured; `rows` are four times those that memory is compared with."""

    rounds: int
    rows: int
    keras_rows: int
    seconds: float
    impressions: int
    creatives: int


WHOLE = Options(3, 4_000_000, 100_000, seconds=6.0, impressions=100_000, creatives=500)
SMALL = Options(1, 200_000, 5_000, seconds=1.0, impressions=6_000, creatives=20)


class Benchmark:
    """Makes model and logs, and measures the rounds."""

    def __init__(self, options: Options, place: Place) -> None:
        self._options, self._place = options, place
        self._console = Console(stderr=True, style="dim", highlight=False)

    def figures(self) -> list[Figure]:
        """All of them."""
        options = self._options
        world = self._made("model", self._world)
        large = self._made("large log", lambda: self._log(world, "large", options.rows))
        quarter = self._made(
            "quarter of it", lambda: self._log(world, "quarter", options.rows // 4, "--ingested")
        )
        ignorant = _without_creatives(world, self._place.folder / "ignorant")
        rounds: list[Round] = []
        for number in range(1, options.rounds + 1):
            self._console.print(f"round {number} of {options.rounds}")
            folder = self._place.folder / f"round-{number}"
            folder.mkdir()
            rounds.append(
                measure_round(
                    world, large, quarter, ignorant, folder, options.keras_rows, options.seconds
                )
            )
            shutil.rmtree(folder)
        return scoring_figures(rounds, manifest(quarter))

    def _made[R](self, what: str, make: Callable[[], R]) -> R:
        self._console.print(f"making: {what}")
        return make()

    def _world(self) -> World:
        options, folder = self._options, self._place.folder / "world"
        folder.mkdir()
        return make_apart(self._place, folder, options.impressions, options.creatives)

    def _log(self, world: World, name: str, rows: int, *words: str) -> Path:
        folder = self._place.folder / name
        module = ("-m", "benchmarks.scoring.log", str(folder), str(world.folder))
        self._place.measure(*module, "--rows", str(rows), *words)
        return folder


def _without_creatives(world: World, folder: Path) -> Path:
    """The bundle with no creative that it knows: all of a log's are new to it."""
    bundle = world.bundle
    shutil.copytree(bundle.path, folder)
    np.save(folder / CREATIVES, bundle.creative_embeddings[:1])
    (folder / CREATIVE_IDS).write_text("[]", encoding="utf-8")
    rename(folder, bundle, "ignorant")
    return folder


def main() -> None:
    """Measure, print the figures and keep them as results/scoring.json."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scoring", description=__doc__)
    parser.add_argument("--small", action="store_true", help="a try; its figures mean nothing")
    told = parser.parse_args()
    options = SMALL if told.small else WHOLE
    measure_parts(
        NAME,
        lambda place: {"rounds": Benchmark(options, place).figures},
        Chosen(told.small),
    )


if __name__ == "__main__":
    main()
