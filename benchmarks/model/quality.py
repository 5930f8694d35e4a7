"""Figures of quality: gains of the image, as shares of what the true looks would gain."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from adclick.arrays import Array, Float64
from adclick.evaluation.metrics import Scored, metrics
from adclick.sample_data.ceiling import expected_auc, expected_logloss
from benchmarks.figures import Figure, Target
from benchmarks.model.pictures import FULL, ORACLE, SHUFFLED, STATISTICS
from benchmarks.model.scores import BOOSTING, Scores
from benchmarks.model.world import World

CONTENDERS = (FULL, ORACLE, SHUFFLED, STATISTICS, BOOSTING)
LEAST_SHARE = Target(">", 0.45)
SLICES = 10


def quality_figures(scores: Scores, seeds: Sequence[int], name: str = "") -> list[Figure]:
    """Expected AUC and logloss, shares and calibration of one world; `name` goes before each."""
    world = scores.world
    everywhere = np.ones(len(world.truth), bool)
    found = [
        *_ceilings(world),
        *_of_rows(scores, world, seeds, everywhere, "all"),
        *_of_rows(scores, world, seeds, world.cold, "cold creatives"),
        Figure("impressions of cold creatives", float(world.cold.mean()), "of the test rows"),
        *_calibration(scores, world, seeds),
        Figure.of("epochs", [float(scores.of(FULL, s)["epochs"]) for s in seeds], "epochs"),
    ]
    return [_named(figure, name) for figure in found]


def _named(figure: Figure, name: str) -> Figure:
    title = f"{name}: {figure.name}" if name else figure.name
    return Figure(
        title, figure.value, figure.unit, figure.target, figure.spread, figure.compared_with
    )


def _ceilings(world: World) -> list[Figure]:
    p, without = world.truth.T
    full, tabular = expected_auc(p, p), expected_auc(p, without)
    return [
        Figure("true probabilities, expected AUC", full, "AUC"),
        Figure("true probabilities without image, expected AUC", tabular, "AUC"),
        Figure("what images can gain at most", full - tabular, "AUC", Target(">", 0.04)),
    ]


def _of_rows(
    scores: Scores, world: World, seeds: Sequence[int], chosen: Array, where: str
) -> list[Figure]:
    p = world.truth[chosen, 0]

    def auc(contender: str, part: str = "full") -> Float64:
        found = [scores.of(contender, seed)[part][chosen] for seed in seeds]
        return np.array([expected_auc(p, one) for one in found])

    twin, boosting = auc(FULL, "twin"), auc(BOOSTING)
    gains = {name: auc(name) - auc(name, "twin") for name in CONTENDERS if name != BOOSTING}
    losses = [expected_logloss(p, scores.of(FULL, seed)["full"][chosen]) for seed in seeds]
    blind = [expected_logloss(p, scores.of(FULL, seed)["twin"][chosen]) for seed in seeds]
    shares = gains[FULL] / gains[ORACLE].mean()
    of_tower = gains[STATISTICS] / gains[FULL].mean()
    return [
        _mean(f"full model, expected AUC, {where}", twin + gains[FULL], "AUC"),
        _mean(f"tabular twin, expected AUC, {where}", twin, "AUC"),
        _mean(f"LightGBM, expected AUC, {where}", boosting, "AUC"),
        _mean(f"twin minus LightGBM, {where}", twin - boosting.mean(), "AUC", Target(">", -0.005)),
        _mean(f"full model, expected logloss, {where}", losses, "nats"),
        _mean(f"tabular twin, expected logloss, {where}", blind, "nats"),
        _mean(f"image's gain over the twin, {where}", gains[FULL], "AUC"),
        _mean(f"oracle's gain over the twin, {where}", gains[ORACLE], "AUC"),
        _mean(f"image's share of the oracle's gain, {where}", shares, "", LEAST_SHARE),
        _mean(
            f"shuffled images' gain, {where}",
            gains[SHUFFLED],
            "AUC",
            Target("<", 0.003),
            "by its size, either way",
            size=True,
        ),
        _mean(f"statistics' share of the image's gain, {where}", of_tower, "", Target("<", 0.5)),
    ]


def _calibration(scores: Scores, world: World, seeds: Sequence[int]) -> list[Figure]:
    p = world.truth[:, 0]
    ratios, worst, errors = [], [], []
    slices = _largest_slices(world)
    for seed in seeds:
        said = scores.of(FULL, seed)["full"]
        ratios.append(float(said.mean() / p.mean()))
        off = [float(said[rows].mean() / p[rows].mean()) for rows in slices]
        worst.append(max(off, key=lambda ratio: abs(ratio - 1)))
        scored = Scored(p, np.ones_like(p), said)
        errors.append(metrics(scored)["ece"])
    off_by = [abs(ratio - 1) for ratio in ratios]
    return [
        _mean("predicted over true click rate", ratios, ""),
        _mean("calibration off by", off_by, "", Target("<", 0.05)),
        _mean(
            f"calibration off by, worst of the {SLICES} largest slices",
            [abs(ratio - 1) for ratio in worst],
            "",
            Target("<", 0.15),
        ),
        _mean("expected calibration error", errors, "of probability"),
    ]


def _largest_slices(world: World) -> list[Array]:
    """The test rows of the SLICES values of categorical columns that most of them share."""
    slots = np.asarray(world.rows("test").categorical)[:, : len(world.encoder.categorical)]
    found = [slots[:, c] == v for c in range(slots.shape[1]) for v in np.unique(slots[:, c])]
    return sorted(found, key=lambda rows: -int(rows.sum()))[:SLICES]


def _mean(
    name: str,
    values: Sequence[float] | Float64,
    unit: str,
    target: Target | None = None,
    compared_with: str | None = None,
    size: bool = False,
) -> Figure:
    """The mean over seeds, with lowest and highest as spread; `size`: of either sign."""
    figure = Figure.of(name, [float(v) for v in values], unit, target, compared_with)
    mean = float(np.mean(values))
    value = abs(mean) if size else mean
    return Figure(name, value, unit, target, figure.spread, compared_with)
