from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from adclick.arrays import Array
from adclick.evaluation.intervals import Figure, Figures, intervals, jackknife, resample_weights
from adclick.evaluation.measured import measure
from adclick.evaluation.metrics import METRICS, Scored
from adclick.evaluation.rows import GROUPS, ScoredRows

CLUSTERS = 40


def rows_of(n: int, seed: int = 0, noise: float = 1.0) -> tuple[Scored, Array]:
    """Rows in clusters, scored about right."""
    generator = np.random.default_rng(seed)
    eta = generator.normal(-1, 1, n)
    clicks = (generator.random(n) < 1 / (1 + np.exp(-eta))).astype(float)
    score = 1 / (1 + np.exp(-(eta + generator.normal(0, noise, n))))
    return Scored(clicks, np.ones(n), score), np.arange(n) % CLUSTERS


def found(
    clusters: Array | None, *models: Scored, confidence: float = 0.95, seed: int = 1
) -> tuple[Figures, Figures]:
    """Intervals of the last model's metrics, and of the first one's lead over it."""
    first = models[0]
    scores = {str(number): model.score for number, model in enumerate(models)}
    rows = ScoredRows.of(first.clicks, first.impressions, scores, clusters)
    measured = {name: measure(rows, name) for name in rows.models}
    every = intervals(
        {name: model.sums for name, model in measured.items()},
        {name: model.metrics for name, model in measured.items()},
        "0",
        100,
        confidence,
        seed,
    )
    return every[rows.models[-1]]


def width(n: int, confidence: float = 0.95) -> float:
    rows, clusters = rows_of(n)
    auc = found(clusters, rows, confidence=confidence)[0]["auc"]
    return auc.high - auc.low


@pytest.mark.parametrize(
    ("ends", "better", "lead"),
    [
        ((0.1, 0.3), 1, "better"),
        ((0.1, 0.3), -1, "worse"),
        ((-0.3, -0.1), -1, "better"),
        ((-0.1, 0.3), 1, "unclear"),
        ((0.0, 0.3), 1, "unclear"),
        ((math.nan, 0.3), 1, "unclear"),
        ((0.1, math.inf), 1, "unclear"),
    ],
)
def test_a_lead_is_clear_where_its_interval_is_on_one_side(
    ends: tuple[float, float], better: int, lead: str
) -> None:
    assert Figure(value=0.2, low=ends[0], high=ends[1]).lead(better) == lead


def test_the_same_seed_gives_the_same_intervals() -> None:
    rows, clusters = rows_of(500)
    first, again, other = (found(clusters, rows, seed=seed)[0] for seed in (1, 1, 2))
    assert first == again
    assert first["auc"] != other["auc"]


@pytest.mark.parametrize("metric", METRICS)
def test_an_interval_surrounds_its_figure(metric: str) -> None:
    rows, clusters = rows_of(2000)
    figure = found(clusters, rows)[0][metric]
    assert figure.low < figure.value < figure.high


def test_more_rows_are_surer() -> None:
    assert width(20_000) < width(400) / 2


def test_more_confidence_is_wider() -> None:
    assert width(1000, 0.98) > width(1000, 0.8)


def test_rows_of_a_cluster_are_drawn_together() -> None:
    rows, _ = rows_of(1000)
    copies = Scored(*(np.tile(part, 10) for part in (rows.clicks, rows.impressions, rows.score)))
    alone, together, apart = (
        found(clusters, model)[0]["auc"]
        for clusters, model in (
            (np.arange(1000), rows),
            (np.tile(np.arange(1000), 10), copies),
            (None, copies),
        )
    )
    assert together.high - together.low == pytest.approx(alone.high - alone.low, rel=0.05)
    assert apart.high - apart.low < (alone.high - alone.low) / 2


def test_clusters_beyond_the_groups_share_them() -> None:
    rows, _ = rows_of(3000)
    scored = ScoredRows.of(rows.clicks, rows.impressions, {"a": rows.score}, None)
    assert scored.clusters == 3000
    assert len(measure(scored, "a").sums.means) == scored.groups == GROUPS


def test_the_difference_of_two_like_models_is_surer_than_either() -> None:
    rows, clusters = rows_of(2000)
    twin = Scored(rows.clicks, rows.impressions, np.clip(rows.score + 1e-3, 0, 1))
    own, lead = found(clusters, rows, twin)
    for metric in ("logloss", "auc", "brier"):
        assert lead[metric].high - lead[metric].low < (own[metric].high - own[metric].low) / 10


def test_a_model_leads_itself_by_nothing_for_sure() -> None:
    rows, clusters = rows_of(500)
    _, lead = found(clusters, rows, rows)
    assert {(f.low, f.value, f.high) for f in lead.values()} == {(0, 0, 0)}


def test_too_few_clicks_for_an_interval_have_none() -> None:
    rows = Scored(np.array([1.0, *np.zeros(40)]), np.ones(41), np.linspace(0.1, 0.9, 41))
    own, _ = found(np.arange(41), rows)
    assert all(math.isnan(figure.low) and math.isnan(figure.high) for figure in own.values())


def test_each_resample_draws_as_many_groups_as_there_are() -> None:
    weights = np.concatenate(list(resample_weights(12, 250, 3)))
    assert weights.shape == (250, 12)
    assert set(weights.sum(axis=1)) == {12}
    assert weights.mean(axis=0) == pytest.approx(np.ones(12), abs=0.25)


def test_the_jackknife_leaves_out_groups() -> None:
    generator = np.random.default_rng(5)
    sizes, values = generator.integers(1, 50, 30).astype(float), generator.normal(0, 1, 30)
    sums = sizes * values
    mean = sums.sum() / sizes.sum()
    influence = (sums - mean * sizes) / sizes.sum()
    error, freedom = jackknife(influence, sizes / sizes.sum())
    without = (sums.sum() - sums) / (sizes.sum() - sizes)
    assert error == pytest.approx(np.sqrt(29 / 30 * ((without - mean) ** 2).sum()))
    assert freedom == pytest.approx(sizes.sum() ** 2 / (sizes**2).sum() - 1)


def normal_world(generator: np.random.Generator) -> tuple[Scored, Scored, Array]:
    """Two models of 3,000 rows of 30 creatives, whose appeal the first sees and the second not."""
    n, creatives = 3000, 30
    creative = generator.integers(0, creatives, n)
    appeal = generator.normal(0, 0.4, creatives)[creative]
    unseen = generator.normal(0, 0.3, creatives)[creative]
    row = generator.normal(0, 0.8, n)
    chance = 1 / (1 + np.exp(1.5 - row - appeal - unseen))
    clicks = (generator.random(n) < chance).astype(float)
    with_image = 1 / (1 + np.exp(1.45 - row - appeal))
    without = 1 / (1 + np.exp(1.4 - row))
    ones = np.ones(n)
    return Scored(clicks, ones, with_image), Scored(clicks, ones, without), creative


def _mean_truth() -> dict[str, float]:
    generator = np.random.default_rng(99)
    logloss, calibration, shown, clicked = 0.0, 0.0, 0.0, 0.0
    for _ in range(300):
        ours, theirs, _ = normal_world(generator)
        for sign, model in ((1, ours), (-1, theirs)):
            p = model.score
            losses = -(model.clicks * np.log(p) + (1 - model.clicks) * np.log1p(-p))
            logloss += sign * losses.sum()
        calibration += theirs.score.sum()
        clicked += theirs.clicks.sum()
        shown += len(theirs.clicks)
    return {"logloss": logloss / shown, "calibration": calibration / clicked}


@pytest.mark.slow
def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    truth = _mean_truth()
    generator = np.random.default_rng(7)
    hits: dict[str, list[bool]] = {"logloss": [], "calibration": []}
    pick: dict[str, Callable[[Figures, Figures], Figures]] = {
        "logloss": lambda own, lead: lead,
        "calibration": lambda own, lead: own,
    }
    for seed in range(60):
        ours, theirs, creative = normal_world(generator)
        own, lead = found(creative, ours, theirs, seed=seed)
        for metric, expected in truth.items():
            figure = pick[metric](own, lead)[metric]
            hits[metric].append(figure.low <= expected <= figure.high)
    for metric, held in hits.items():
        # of 60 intervals that hold in 95 % of cases, fewer do in one of a thousand such tests
        assert sum(held) >= 51, metric
