from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import log_loss, roc_auc_score

from adclick.arrays import Float64
from adclick.evaluation.metrics import ECE_BINS, METRICS, Scored, equal_bins, metrics


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


def measured(rows: Scored, weights: Float64 | None = None) -> dict[str, float]:
    ordered, order = rows.by_score()
    return metrics(ordered, None if weights is None else weights[order])


def single(rows: Scored) -> tuple[Float64, Float64, Float64]:
    """Labels, scores and weights of a clicked and an unclicked part of each row."""
    labels = np.repeat([1.0, 0.0], len(rows.score))
    weights = np.concatenate([rows.clicks, rows.impressions - rows.clicks])
    return labels, np.tile(rows.score, 2), weights


@given(scored())
def test_auc_is_scikit_learns(rows: Scored) -> None:
    labels, scores, weights = single(rows)
    expected = roc_auc_score(labels, scores, sample_weight=weights)
    assert measured(rows)["auc"] == pytest.approx(expected, abs=1e-9)


@given(scored())
def test_logloss_is_scikit_learns(rows: Scored) -> None:
    labels, scores, weights = single(rows)
    expected = log_loss(labels, scores, sample_weight=weights)
    assert measured(rows)["logloss"] == pytest.approx(expected, abs=1e-9)


@given(scored(), st.data())
def test_a_weight_counts_as_so_many_copies(rows: Scored, data: st.DataObject) -> None:
    copies = data.draw(arrays(np.int64, len(rows.score), elements=st.integers(1, 3)))
    repeated = rows.where(np.repeat(np.arange(len(copies)), copies))
    expected = measured(repeated)
    found = measured(rows, copies.astype(float))
    for name in ("auc", "logloss", "calibration"):
        assert found[name] == pytest.approx(expected[name], abs=1e-9)


@given(scored())
def test_the_order_of_rows_does_not_matter(rows: Scored) -> None:
    back = rows.where(np.arange(len(rows.score))[::-1])
    for name in ("auc", "logloss", "calibration"):
        assert measured(back)[name] == pytest.approx(measured(rows)[name], abs=1e-9)


@given(scored())
def test_auc_depends_on_ranks_alone(rows: Scored) -> None:
    squared = Scored(rows.clicks, rows.impressions, rows.score**2)
    assert measured(squared)["auc"] == pytest.approx(measured(rows)["auc"], abs=1e-9)


def test_calibration_is_mean_prediction_over_click_rate() -> None:
    rows = Scored(np.array([1.0, 0, 1]), np.array([1.0, 1, 8]), np.array([0.5, 0.1, 0.3]))
    assert measured(rows)["calibration"] == pytest.approx((0.5 + 0.1 + 8 * 0.3) / 2)


def test_a_true_probability_has_next_to_no_calibration_error() -> None:
    generator = np.random.default_rng(1)
    score = generator.uniform(0.05, 0.95, 200_000)
    clicks = (generator.random(200_000) < score).astype(float)
    rows = Scored(clicks, np.ones_like(score), score)
    assert measured(rows)["ece"] < 0.01
    shifted = Scored(clicks, np.ones_like(score), np.clip(score + 0.04, 0, 1))
    assert measured(shifted)["ece"] == pytest.approx(0.04, abs=0.01)


@pytest.mark.parametrize("score", [0.0, 1.0])
def test_a_certain_prediction_that_is_wrong_costs_much_but_not_all(score: float) -> None:
    rows = Scored(np.array([0.0, 1]), np.array([1.0, 1]), np.array([score, score]))
    assert 7 < measured(rows)["logloss"] < 20


@pytest.mark.parametrize("clicks", [[0.0, 0.0], [1.0, 3.0]])
def test_there_is_no_metric_without_both_outcomes(clicks: list[float]) -> None:
    rows = Scored(np.array(clicks), np.array([1.0, 3.0]), np.array([0.1, 0.2]))
    assert all(math.isnan(value) for value in measured(rows).values())


def test_all_metrics_are_named() -> None:
    rows = Scored(np.array([0.0, 1]), np.array([1.0, 1]), np.array([0.1, 0.2]))
    assert tuple(measured(rows)) == METRICS


@given(arrays(np.float64, st.integers(1, 200), elements=st.integers(1, 5)))
def test_bins_are_in_order_and_near_equal(shown: Float64) -> None:
    bins = equal_bins(shown, ECE_BINS)
    assert (np.diff(bins) >= 0).all()
    assert bins.min() >= 0
    assert bins.max() < ECE_BINS
    held = np.bincount(bins, shown, ECE_BINS)
    assert held.max() <= shown.sum() / ECE_BINS + 2 * shown.max()
