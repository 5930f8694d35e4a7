from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from adclick.arrays import Float64
from adclick.model.calibration import Calibration, fit_calibration, fit_weight


def drawn(slope: float, intercept: float, n: int = 50_000) -> tuple[Float64, Float64]:
    """Logits, and clicks drawn from sigmoid(slope * logit + intercept)."""
    generator = np.random.default_rng(1)
    logits = generator.normal(-2, 1, n)
    clicks = generator.random(n) < expit(slope * logits + intercept)
    return logits, clicks.astype(float)


def loss(calibration: Calibration, logits: Float64, clicks: Float64, shown: Float64) -> float:
    p = calibration.probability(logits)
    return float(-(clicks * np.log(p) + (shown - clicks) * np.log1p(-p)).sum())


def test_the_default_is_the_plain_sigmoid() -> None:
    assert Calibration().probability(np.array([0.0, 2.0])) == pytest.approx([0.5, expit(2)])


@pytest.mark.parametrize(("slope", "intercept"), [(1.0, 0.0), (0.5, 0.0), (1.4, 1.0)])
def test_the_scaling_that_made_the_clicks_is_found(slope: float, intercept: float) -> None:
    logits, clicks = drawn(slope, intercept)
    found = fit_calibration(logits, clicks, np.ones_like(clicks))
    assert found.slope == pytest.approx(slope, abs=0.05)
    assert found.intercept == pytest.approx(intercept, abs=0.1)


@given(slope=st.floats(0.3, 2), intercept=st.floats(-1, 1), seed=st.integers(0, 99))
def test_mean_prediction_becomes_the_click_rate(slope: float, intercept: float, seed: int) -> None:
    generator = np.random.default_rng(seed)
    logits = generator.normal(-1, 1, 400)
    shown = generator.integers(100, 500, 400).astype(float)
    clicks = generator.binomial(shown.astype(int), expit(slope * logits + intercept)).astype(float)
    found = fit_calibration(logits, clicks, shown)
    predicted = (found.probability(logits) * shown).sum()
    assert predicted == pytest.approx(clicks.sum(), rel=3e-3)


def test_of_many_rows_no_other_scaling_near_it_is_likelier() -> None:
    logits, clicks = drawn(0.7, 0.4)
    shown = np.ones_like(clicks)
    best = fit_calibration(logits, clicks, shown)
    for slope, intercept in ((0.02, 0), (-0.02, 0), (0, 0.02), (0, -0.02)):
        near = Calibration(slope=best.slope + slope, intercept=best.intercept + intercept)
        assert loss(near, logits, clicks, shown) > loss(best, logits, clicks, shown)


def test_few_rows_do_not_spoil_logits_that_were_right() -> None:
    def spoilt(seed: int) -> float:
        generator = np.random.default_rng(seed)
        logits = generator.normal(-2, 0.5, 600)
        clicks = (generator.random(600) < expit(logits)).astype(float)
        found = fit_calibration(logits, clicks, np.ones(600))
        return float(np.mean(np.abs(found.probability(logits) / expit(logits) - 1)))

    # fitted freely it is .12
    assert np.mean([spoilt(seed) for seed in range(40)]) < 0.07


def test_few_rows_that_are_far_off_are_believed() -> None:
    logits, clicks = drawn(1.0, -1.5, 1000)
    found = fit_calibration(logits, clicks, np.ones(1000))
    assert found.probability(logits).sum() == pytest.approx(clicks.sum(), rel=0.35)
    assert expit(logits).sum() > 3 * clicks.sum()


def test_an_aggregated_row_counts_as_its_impressions() -> None:
    logits, clicks = drawn(0.7, 0.4, 900)
    groups = logits.reshape(-1, 3).mean(axis=1)
    summed = fit_calibration(groups, clicks.reshape(-1, 3).sum(axis=1), np.full(300, 3.0))
    single = fit_calibration(np.repeat(groups, 3), clicks, np.ones(900))
    assert summed.slope == pytest.approx(single.slope, abs=1e-3)
    assert summed.intercept == pytest.approx(single.intercept, abs=1e-3)


def test_a_models_float32_logits_are_fitted_in_64_bits() -> None:
    logits, clicks = drawn(0.7, 0.4, 2000)
    narrow, shown = logits.astype(np.float32), np.ones_like(clicks)
    found = fit_calibration(narrow, clicks.astype(np.float32), shown.astype(np.float32))
    assert found == fit_calibration(narrow.astype(np.float64), clicks, shown)


@pytest.mark.parametrize("sign", [1, -1])
def test_logits_that_tell_clicks_apart_perfectly_stay_finite(sign: int) -> None:
    logits = np.linspace(-3, 3, 100)
    found = fit_calibration(logits, (sign * logits > 0).astype(float), np.ones(100))
    assert np.isfinite([found.slope, found.intercept]).all()
    assert np.isfinite(found.probability(logits)).all()


def test_logits_that_say_nothing_give_the_click_rate() -> None:
    clicks = np.array([1000.0, 0, 0, 0])
    found = fit_calibration(np.full(4, -5.0), clicks, np.full(4, 1000.0))
    assert found.probability(np.array([-5.0])) == pytest.approx([0.25], abs=5e-3)


def test_temperature_scales_and_does_not_shift() -> None:
    logits, clicks = drawn(0.5, 0.0)
    found = fit_calibration(logits, clicks, np.ones_like(clicks), "temperature")
    assert found.slope == pytest.approx(0.5, abs=0.03)
    assert found.intercept == 0


def test_isotonic_finds_a_bend_that_no_scaling_has() -> None:
    generator = np.random.default_rng(3)
    logits = generator.normal(-1, 2, 50_000)
    truth = 0.05 + 0.4 * (logits > 0)
    clicks = (generator.random(len(truth)) < truth).astype(float)
    shown = np.ones_like(clicks)
    bent = fit_calibration(logits, clicks, shown, "isotonic").probability(logits)
    scaled = fit_calibration(logits, clicks, shown).probability(logits)
    assert np.abs(bent - truth).mean() < 0.01 < np.abs(scaled - truth).mean()


@given(seed=st.integers(0, 99))
def test_isotonic_never_turns_an_order_around_and_promises_no_certainty(seed: int) -> None:
    generator = np.random.default_rng(seed)
    logits = generator.normal(-1, 1, 200)
    shown = generator.integers(1, 5, 200).astype(float)
    clicks = generator.binomial(shown.astype(int), expit(logits)).astype(float)
    found = fit_calibration(logits, clicks, shown, "isotonic")
    p = found.probability(np.linspace(-9, 9, 99))
    assert (np.diff(p) >= 0).all()
    assert p[0] > 0 and p[-1] < 1
    assert (found.probability(logits) * shown).sum() == pytest.approx(clicks.sum(), rel=1e-2)
    assert Calibration.model_validate_json(found.model_dump_json()) == found


@pytest.mark.parametrize(("worth", "weight"), [(1.0, 1.0), (0.5, 0.5), (0.0, 0.0), (2.0, 1.0)])
def test_an_addition_counts_as_much_as_it_is_worth_and_never_more(
    worth: float, weight: float
) -> None:
    generator = np.random.default_rng(4)
    known, added = generator.normal(-2, 1, 50_000), generator.normal(0, 0.5, 50_000)
    p = expit(0.8 * (known + worth * added) + 0.3)
    clicks = (generator.random(len(p)) < p).astype(float)
    found = fit_weight(known, added, clicks, np.ones_like(clicks))
    assert found == pytest.approx(weight, abs=0.08)


def test_few_rows_leave_an_addition_at_what_was_expected() -> None:
    generator = np.random.default_rng(5)
    known, added = generator.normal(-2, 1, 20), generator.normal(0, 0.1, 20)
    clicks = (generator.random(20) < expit(known)).astype(float)
    for expected in (0.0, 0.5, 1.0):
        found = fit_weight(known, added, clicks, np.ones_like(clicks), expected)
        assert found == pytest.approx(expected, abs=0.1)
