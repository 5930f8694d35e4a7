from __future__ import annotations

import numpy as np
import pytest

from adclick.arrays import Array
from adclick.evaluation.intervals import figures, resampled_metrics
from adclick.evaluation.metrics import METRICS, Scored, metrics


def rows_of(n: int, seed: int = 0, noise: float = 1.0) -> tuple[Scored, Array]:
    """Rows in 20 clusters, scored about right."""
    generator = np.random.default_rng(seed)
    eta = generator.normal(-1, 1, n)
    clicks = (generator.random(n) < 1 / (1 + np.exp(-eta))).astype(float)
    score = 1 / (1 + np.exp(-(eta + generator.normal(0, noise, n))))
    return Scored(clicks, np.ones(n), score), np.arange(n) % 20


def width(n: int, confidence: float = 0.95) -> float:
    rows, clusters = rows_of(n)
    samples = resampled_metrics(rows, clusters, 100, seed=1)
    auc = figures({"auc": 0.7}, samples, confidence)["auc"]
    return auc.high - auc.low


def test_the_same_seed_gives_the_same_resamples() -> None:
    rows, clusters = rows_of(500)
    first, again, other = (resampled_metrics(rows, clusters, 30, seed) for seed in (1, 1, 2))
    assert all((first[name] == again[name]).all() for name in METRICS)
    assert (first["auc"] != other["auc"]).any()


def test_an_interval_surrounds_its_figure() -> None:
    rows, clusters = rows_of(2000)
    samples = resampled_metrics(rows, clusters, 200, seed=1)
    values = {name: float(np.median(samples[name])) for name in METRICS}
    for figure in figures(values, samples, 0.95).values():
        assert figure.low < figure.value < figure.high


def test_the_noise_that_resampling_adds_to_a_calibration_error_is_taken_off() -> None:
    rows, clusters = rows_of(2000, noise=0.0)
    ece = metrics(rows.by_score()[0])["ece"]
    samples = resampled_metrics(rows, clusters, 200, seed=1)
    assert np.quantile(samples["ece"], 0.1) > ece
    figure = figures({"ece": ece}, samples, 0.95)["ece"]
    assert figure.low < ece < figure.high


def test_more_rows_are_surer() -> None:
    assert width(20_000) < width(400) / 2


def test_more_confidence_is_wider() -> None:
    assert width(1000, 0.99) > width(1000, 0.8)


def test_rows_of_a_cluster_are_drawn_together() -> None:
    rows, _ = rows_of(1000)
    copies = Scored(*(np.tile(part, 10) for part in (rows.clicks, rows.impressions, rows.score)))
    alone = resampled_metrics(rows, np.arange(1000), 100, seed=1)["auc"].std()
    together = resampled_metrics(copies, np.tile(np.arange(1000), 10), 100, seed=1)["auc"].std()
    apart = resampled_metrics(copies, np.arange(10_000), 100, seed=1)["auc"].std()
    assert together == pytest.approx(alone, rel=0.01)
    assert apart < alone / 2


def test_the_difference_of_two_like_models_is_surer_than_either() -> None:
    rows, clusters = rows_of(2000)
    twin = Scored(rows.clicks, rows.impressions, np.clip(rows.score + 1e-3, 0, 1))
    left, right = (resampled_metrics(r, clusters, 100, seed=1)["logloss"] for r in (rows, twin))
    assert (left - right).std() < left.std() / 10


def test_a_resample_without_clicks_is_left_out() -> None:
    rows = Scored(np.array([1.0, 0, 0]), np.ones(3), np.array([0.9, 0.1, 0.2]))
    samples = resampled_metrics(rows, np.arange(3), 50, seed=1)
    assert np.isnan(samples["auc"]).any()
    assert figures({"auc": 1.0}, samples, 0.95)["auc"].low == 1.0
