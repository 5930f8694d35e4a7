from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    log_loss,
    roc_auc_score,
)

from adclick.arrays import Float64
from adclick.evaluation.measures import measures
from adclick.evaluation.metrics import METRICS, Scored, metrics
from adclick.evaluation.ranking import Ranked, Ranking
from adclick.evaluation.sums import BINS, GRID, MEANS, Binning, Sums, by_cell, row_sums


@st.composite
def scored(draw: st.DrawFn, aggregated: bool = True) -> Scored:
    """Rows with ties among their scores, and both clicks and no-clicks."""
    n = draw(st.integers(2, 40))
    score = draw(arrays(np.float64, n, elements=st.floats(1 / 1024, 1023 / 1024, width=16)))
    impressions = draw(arrays(np.float64, n, elements=st.integers(1, 9 if aggregated else 1)))
    share = draw(arrays(np.float64, n, elements=st.floats(0, 1)))
    clicks = np.floor(share * impressions + 0.5)
    clicks[0], clicks[1] = 0, impressions[1]
    return Scored(clicks, impressions, score)


def single(rows: Scored) -> tuple[Float64, Float64, Float64]:
    """Labels, scores and weights of a clicked and an unclicked part of each row."""
    labels = np.repeat([1.0, 0.0], len(rows.score))
    weights = np.concatenate([rows.clicks, rows.impressions - rows.clicks])
    return labels, np.tile(rows.score, 2), weights


@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("auc", roc_auc_score),
        ("pr_auc", average_precision_score),
        ("logloss", log_loss),
        ("brier", brier_score_loss),
    ],
)
@given(rows=scored())
def test_metrics_are_scikit_learns(name: str, theirs: object, rows: Scored) -> None:
    labels, scores, weights = single(rows)
    assert callable(theirs)
    expected = theirs(labels, scores, sample_weight=weights)
    assert metrics(rows)[name] == pytest.approx(expected, abs=1e-9)


@given(scored())
def test_normalised_entropy_is_logloss_over_that_of_the_click_rate(rows: Scored) -> None:
    labels, _, weights = single(rows)
    rate = rows.clicks.sum() / rows.impressions.sum()
    constant = log_loss(labels, np.full(len(labels), rate), sample_weight=weights)
    found = metrics(rows)
    assert found["normalised_entropy"] == pytest.approx(found["logloss"] / constant, abs=1e-9)


@given(scored())
def test_the_parts_of_the_brier_score_add_up(rows: Scored) -> None:
    found = metrics(rows)
    parts = found["reliability"] - found["resolution"] + found["uncertainty"]
    assert found["brier"] == pytest.approx(parts, abs=1e-12)


@given(scored())
def test_the_parts_of_the_brier_score_are_murphys_and_stephensons(rows: Scored) -> None:
    ranked = rows.ranked()
    binning = Binning(float(rows.impressions.sum()))
    binning.add(ranked)
    n = rows.impressions.sum()
    shown, clicks, predicted = binning.bins[0].T[:, binning.bins[0, :, 0] > 0]
    rate, mean = clicks / shown, predicted / shown
    overall = rows.clicks.sum() / n
    reliability = (shown * (mean - rate) ** 2).sum() / n
    resolution = (shown * (rate - overall) ** 2).sum() / n
    # within bins: variance of the scores and twice their covariance with clicks
    squares = (rows.impressions * rows.score**2).sum() - (shown * mean**2).sum()
    products = (rows.clicks * rows.score).sum() - (shown * mean * rate).sum()
    found = metrics(rows)
    assert found["reliability"] == pytest.approx(reliability, abs=1e-12)
    assert found["resolution"] == pytest.approx(
        resolution - squares / n + 2 * products / n, abs=1e-12
    )
    assert found["uncertainty"] == pytest.approx(overall * (1 - overall), abs=1e-12)


@given(scored(), st.data())
def test_a_row_of_many_impressions_counts_as_so_many_rows(
    rows: Scored, data: st.DataObject
) -> None:
    copies = data.draw(arrays(np.int64, len(rows.score), elements=st.integers(1, 3)))
    repeated = rows.where(np.repeat(np.arange(len(copies)), copies))
    together = Scored(rows.clicks * copies, rows.impressions * copies, rows.score)
    assert metrics(together) == pytest.approx(metrics(repeated), abs=1e-9)


@given(scored())
def test_the_order_of_rows_does_not_matter(rows: Scored) -> None:
    back = rows.where(np.arange(len(rows.score))[::-1])
    assert metrics(back) == pytest.approx(metrics(rows), abs=1e-9)


@given(scored())
def test_ranking_metrics_depend_on_ranks_alone(rows: Scored) -> None:
    squared = Scored(rows.clicks, rows.impressions, rows.score**2)
    for name in ("auc", "pr_auc"):
        assert metrics(squared)[name] == pytest.approx(metrics(rows)[name], abs=1e-9)


def test_calibration_is_mean_prediction_over_click_rate() -> None:
    rows = Scored(np.array([1.0, 0, 1]), np.array([1.0, 1, 8]), np.array([0.5, 0.1, 0.3]))
    assert metrics(rows)["calibration"] == pytest.approx((0.5 + 0.1 + 8 * 0.3) / 2)


def test_a_true_probability_has_next_to_no_calibration_error() -> None:
    generator = np.random.default_rng(1)
    score = generator.uniform(0.05, 0.95, 200_000)
    clicks = (generator.random(200_000) < score).astype(float)
    found = metrics(Scored(clicks, np.ones_like(score), score))
    assert found["ece"] < 0.01
    assert found["reliability"] < 1e-4
    off = metrics(Scored(clicks, np.ones_like(score), np.clip(score + 0.04, 0, 1)))
    assert off["ece"] == pytest.approx(0.04, abs=0.01)
    assert off["reliability"] == pytest.approx(0.04**2, abs=3e-4)


@pytest.mark.parametrize("score", [0.0, 1.0])
def test_a_certain_prediction_that_is_wrong_costs_much_but_not_all(score: float) -> None:
    rows = Scored(np.array([0.0, 1]), np.array([1.0, 1]), np.array([score, score]))
    assert 7 < metrics(rows)["logloss"] < 20


@pytest.mark.parametrize("clicks", [[0.0, 0.0], [1.0, 3.0]])
def test_there_is_no_metric_without_both_outcomes(clicks: list[float]) -> None:
    rows = Scored(np.array(clicks), np.array([1.0, 3.0]), np.array([0.1, 0.2]))
    assert all(math.isnan(value) for value in metrics(rows).values())


def test_all_metrics_are_named() -> None:
    rows = Scored(np.array([0.0, 1]), np.array([1.0, 1]), np.array([0.1, 0.2]))
    assert tuple(metrics(rows)) == METRICS


@given(arrays(np.float64, st.integers(1, 200), elements=st.integers(1, 5)))
def test_bins_are_in_order_and_near_equal(shown: Float64) -> None:
    n = len(shown)
    binning = Binning(float(shown.sum()))
    score = 1 - np.arange(n) / n
    binning.add(Ranked.of(score, np.zeros(n), shown, np.zeros(n, np.int64)))
    held, _, predicted = binning.bins[0].T
    assert held.sum() == shown.sum()
    assert held.max() <= shown.sum() / BINS + 2 * shown.max()
    mean = predicted[held > 0] / held[held > 0]
    assert (np.diff(mean) > 0).all()


@given(scored(), st.integers(1, 6), st.integers(1, 3), st.randoms(use_true_random=False))
def test_slices_and_parts_are_ranked_as_if_alone_and_at_once(
    rows: Scored, parts: int, slices: int, random: object
) -> None:
    generator = np.random.default_rng(random.randrange(1 << 30))  # type: ignore[attr-defined]
    order = np.argsort(rows.score)[::-1]
    rows = rows.where(order)
    codes = generator.integers(0, slices, len(order))
    groups = generator.integers(0, 4, len(order))
    ranking = Ranking(slices, 4)
    # parts never tear a tie
    bounds = np.unique(np.quantile(rows.score, np.linspace(0, 1, parts + 1)[1:-1]))
    part = len(bounds) - np.searchsorted(bounds, rows.score)
    for number in range(len(bounds) + 1):
        here = part == number
        if here.any():
            some = rows.where(here)
            unclicked = some.impressions - some.clicks
            ranking.add(Ranked.of(some.score, some.clicks, unclicked, groups[here]), codes[here])
    for value in range(slices):
        alone = rows.where(codes == value)
        if 0 < alone.clicks.sum() < alone.impressions.sum():
            expected = metrics(alone)
            assert ranking.auc[value] == pytest.approx(expected["auc"], abs=1e-12)
            assert ranking.pr_auc[value] == pytest.approx(expected["pr_auc"], abs=1e-12)
            pairs = ranking.clicks[value] * ranking.unclicked[value]
            assert ranking.above[value].sum() + ranking.below[value].sum() == pairs


def grouped(rows: Scored, groups: Float64, count: int) -> Sums:
    ranked = rows.ranked()
    order = np.argsort(rows.score)[::-1]
    ranked = Ranked(ranked.score, ranked.clicks, ranked.unclicked, groups[order], ranked.starts)
    binning = Binning(float(rows.impressions.sum()), count)
    binning.add(ranked)
    means = by_cell(row_sums(rows.score, rows.clicks, rows.impressions), groups, count)
    return Sums(means, binning.bins, binning.grid)


@pytest.mark.parametrize("name", METRICS)
def test_an_influence_is_what_a_little_more_of_a_group_adds(name: str) -> None:
    generator = np.random.default_rng(3)
    n, count, step = 600, 12, 1e-6
    score = generator.beta(2, 5, n)
    clicks = (generator.random(n) < score**1.3).astype(float)
    sums = grouped(Scored(clicks, np.ones(n), score), generator.integers(0, count, n), count)
    base = generator.integers(1, 4, count).astype(float)
    more, less = (base + sign * step * np.eye(count) for sign in (1, -1))
    slope = measures(sums, more)[name].value - measures(sums, less)[name].value
    found = measures(sums, base[np.newaxis])[name].influence[0]
    np.testing.assert_allclose(found, slope / 2 / step, atol=1e-7)
    # no metric changes when there is as much more of everything
    assert base @ found == pytest.approx(0, abs=1e-12)


def test_the_grid_is_as_fine_as_it_says() -> None:
    generator = np.random.default_rng(4)
    n = 100_000
    score = generator.beta(1, 20, n)
    rows = Scored((generator.random(n) < score).astype(float), np.ones(n), score)
    sums = grouped(rows, np.zeros(n, np.int64), 1)
    near, exact = measures(sums, np.ones((1, 1))), metrics(rows)
    assert abs(near["auc"].value[0] - exact["auc"]) < 1 / GRID
    assert near["pr_auc"].value[0] == pytest.approx(exact["pr_auc"], rel=0.02)
    assert sums.means.shape[-1] == len(MEANS)
