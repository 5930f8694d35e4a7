"""Expected over observed clicks, given how ads were clicked before."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adclick.arrays import Float64
from adclick.monitoring import ad_clicks
from adclick.monitoring.ad_clicks import AdClicks, AdCounter, log_calibration

ADS = 240
SPREAD = 0.25

row = st.tuples(st.sampled_from(["a", "b", "c", None]), st.integers(1, 9), st.integers(0, 3))


@given(st.lists(st.lists(row, min_size=1, max_size=6), min_size=1, max_size=5))
def test_batches_add_up_to_what_their_rows_do(batches: list[list[tuple[str | None, int, int]]]):
    counter, expected = AdCounter(), dict[str, tuple[float, float]]()
    for batch in batches:
        names, predicted, clicks = (list(column) for column in zip(*batch, strict=True))
        counter.add(pa.array(names, pa.string()), np.array(predicted, float), np.array(clicks))
        for name, *pair in batch:
            before = expected.get(name or "", (0.0, 0.0))
            expected[name or ""] = before[0] + pair[0], before[1] + pair[1]
    assert counter.clicks() == AdClicks(ads=expected)


def month(random: np.random.Generator, rates: Float64, names: range, factor: float = 1) -> AdClicks:
    """Ads of which some are shown far more often, with Poisson clicks at their own rates."""
    predicted = random.lognormal(1, 1, len(names))
    clicked = random.poisson(factor * rates[names] * predicted)
    pairs = zip(predicted.tolist(), clicked.tolist(), strict=True)
    return AdClicks(ads=dict(zip(map(str, names), pairs, strict=True)))


def drawn(seed: int, factor: float = 1) -> tuple[AdClicks, AdClicks]:
    """A month, and a later one that shows two thirds of its ads."""
    random = np.random.default_rng(seed)
    rates = random.gamma(1 / SPREAD, SPREAD, 2 * ADS)
    before = month(random, rates, range(ADS))
    return before, month(random, rates, range(ADS // 3, ADS + ADS // 3), factor)


def test_intervals_hold_the_truth_as_often_as_they_say():
    found = [log_calibration(*drawn(seed)) for seed in range(400)]
    held = np.mean([estimate.low <= 0 <= estimate.high for estimate in found])
    assert 0.92 < held < 0.985
    assert abs(np.mean([estimate.value for estimate in found])) < 0.02


@pytest.mark.parametrize("factor", [0.7, 1.0, 1.5])
def test_what_all_ads_are_clicked_more_or_less_is_found(factor: float):
    found = [log_calibration(*drawn(seed, factor)).value for seed in range(60)]
    assert np.mean(found) == pytest.approx(-math.log(factor), abs=0.03)


def test_what_is_known_of_the_ads_makes_it_surer():
    """An ad that was clicked twice as often as predicted, and is again, says little."""
    off, plainly = [], []
    for seed in range(100):
        before, now = drawn(seed)
        unknown = AdClicks(ads={f"other {name}": pair for name, pair in before.ads.items()})
        known = log_calibration(before, now)
        assert known.error < log_calibration(unknown, now).error
        off.append(known.value)
        plainly.append(math.log(np.divide(*np.array(list(now.ads.values())).sum(axis=0))))
    assert np.std(off) < 0.85 * np.std(plainly)


def test_ads_that_are_not_listed_count(monkeypatch: pytest.MonkeyPatch):
    random = np.random.default_rng(0)
    clicks = random.poisson(2.0, 300).astype(float)
    names = pa.array([f"ad {number}" for number in range(300)])
    counter = AdCounter()
    counter.add(names, random.uniform(1, 2, 300), clicks)
    whole = counter.clicks()
    monkeypatch.setattr(ad_clicks, "MOST_ADS", 40)
    short = counter.clicks()
    assert len(short.ads) == 40
    assert short.others[2] == 260
    assert short.others[1] + sum(clicked for _, clicked in short.ads.values()) == clicks.sum()
    kept, exact = log_calibration(short, short), log_calibration(whole, whole)
    assert kept.value == pytest.approx(exact.value, abs=exact.error)
    assert kept.error == pytest.approx(exact.error, rel=0.2)
