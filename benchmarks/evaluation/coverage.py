"""How often intervals of 95 % hold the truth, with few and many clusters of equal size or not."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np

from adclick.arrays import Float64
from adclick.evaluation.evaluation import CHALLENGER, CHAMPION
from adclick.evaluation.intervals import intervals
from adclick.evaluation.measured import measure
from adclick.evaluation.metrics import Scored, metrics
from adclick.evaluation.naming import NAMES
from benchmarks.evaluation.decisions import one_thread
from benchmarks.evaluation.pairs import Pair
from benchmarks.figures import Figure, Target

RESAMPLES = 300
ROWS_OF_TRUTH = 4_000_000
COVERED = ("auc", "pr_auc", "logloss", "normalised_entropy", "calibration", "ece", "brier")


@dataclass(frozen=True)
class World:
    """Test rows that are drawn again and again: so many rows of so many creatives."""

    creatives: int
    rows: int

    @property
    def pair(self) -> Pair:
        """The models, of which the challenger sees more."""
        return Pair(0.4, 0.3, self.rows, self.creatives)

    @property
    def name(self) -> str:
        """The world in words."""
        return f"{self.creatives} creatives"


WORLDS = (World(30, 10_000), World(100, 20_000), World(1_000, 60_000))

type Bounds = dict[str, tuple[float, float]]


def drawn(world: World, seed: int) -> tuple[Bounds, Bounds]:
    """The ends of the intervals of the challenger's metrics, and of its lead over the champion."""
    rows = world.pair.rows(seed)
    measured = {name: measure(rows, name) for name in (CHALLENGER, CHAMPION)}
    found = intervals(
        {name: model.sums for name, model in measured.items()},
        {name: model.metrics for name, model in measured.items()},
        CHALLENGER,
        RESAMPLES,
        0.95,
        seed,
    )
    own, leads = found[CHALLENGER][0], found[CHAMPION][1]
    return (
        {name: (own[name].low, own[name].high) for name in COVERED},
        {name: (leads[name].low, leads[name].high) for name in COVERED},
    )


def truth(world: World) -> tuple[dict[str, float], dict[str, float]]:
    """The metrics and leads of very many rows of the world, drawn as its test rows are."""
    worlds = -(-ROWS_OF_TRUTH // world.rows)
    some = [next(world.pair.rows(10**6 + number).blocks()) for number in range(worlds)]
    clicks = np.concatenate([block.clicks for block in some])
    ours, theirs = (
        metrics(_scored(clicks, np.concatenate([block.score(name) for block in some])))
        for name in (CHALLENGER, CHAMPION)
    )
    return ours, {name: ours[name] - theirs[name] for name in COVERED}


def _scored(clicks: Float64, score: Float64) -> Scored:
    return Scored(clicks, np.ones_like(clicks), score)


def coverage_figures(draws: int, say: Callable[[str], None]) -> list[Figure]:
    """Shares of intervals that hold the truth, in percent."""
    figures = []
    context = multiprocessing.get_context("spawn")
    for world in WORLDS:
        say(f"coverage: {world.name}")
        expected = truth(world)
        with ProcessPoolExecutor(os.cpu_count(), context, one_thread) as pool:
            found = list(pool.map(partial(drawn, world), range(draws)))
        for kind, name in ((0, ""), (1, " difference")):
            for metric in COVERED:
                held = _held([both[kind][metric] for both in found], expected[kind][metric])
                # the models are calibrated: no interval can err below an ECE of 0
                judged = Target(">", 93) if metric != "ece" else None
                what = f"{draws} draws of {world.rows:,} rows"
                figures.append(
                    Figure(
                        f"coverage, {world.name}: {NAMES[metric]}{name}",
                        100 * held,
                        "%",
                        judged,
                        None,
                        what,
                    )
                )
    return figures


def _held(bounds: Sequence[tuple[float, float]], expected: float) -> float:
    return float(np.mean([low <= expected <= high for low, high in bounds]))
