"""Distances of distributions: their formulas, and what of them is chance."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.stats import wasserstein_distance

from adclick.monitoring.distance import MEASURES, Cells, distance

MANY = (1e9, 1e9)
shares = st.lists(st.integers(1, 1_000), min_size=2, max_size=30).map(np.array)


def cells(one: np.ndarray, other: np.ndarray, draws: tuple[float, float] = MANY) -> Cells:
    return Cells(one.astype(float), other.astype(float), draws, np.arange(len(one)) * 0.5)


@given(shares, st.randoms())
@settings(max_examples=30, deadline=None)
def test_distances_are_those_of_the_field(one: np.ndarray, random):
    other = one.copy()
    random.shuffle(other)
    r, c = one / one.sum(), other / other.sum()
    found = cells(one, other)
    if min(r.min(), c.min()) > 1e-4:
        expected = float(((c - r) * np.log(c / r)).sum())
        assert distance(found, "psi").measured == pytest.approx(expected, abs=1e-9)
    expected = float(np.nan_to_num(jensenshannon(r, c, base=2)))
    assert distance(found, "jensen-shannon").measured == pytest.approx(expected, abs=1e-6)
    places = np.arange(len(one)) * 0.5
    expected = wasserstein_distance(places, places, r, c)
    assert distance(found, "wasserstein").measured == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("draws", [200, 2_000, 200_000])
def test_what_chance_adds_is_taken_off(measure, draws: int):
    """Two samples of one distribution lie apart, the more so the fewer they are; by no distance."""
    random = np.random.default_rng(0)
    true = 1 / (np.arange(20) + 2.0)
    values, sure = [], 0
    for _ in range(60):
        one, other = random.multinomial(draws, true / true.sum(), 2)
        found = distance(cells(one, other, (draws, draws)), measure)
        values.append(found.value)
        sure += found.surely
    assert sure <= 1
    assert np.median(values) < {"psi": 0.02, "jensen-shannon": 0.08, "wasserstein": 0.3}[measure]


@pytest.mark.parametrize("measure", MEASURES)
def test_a_true_distance_does_not_depend_on_the_rows(measure):
    random = np.random.default_rng(1)
    one = 1 / (np.arange(12) + 2.0)
    one, other = one / one.sum(), one[::-1] / one.sum()
    true = distance(cells(one * 1e9, other * 1e9), measure).value
    for draws in (300, 3_000, 300_000):
        found = [
            distance(
                cells(
                    random.multinomial(draws, one), random.multinomial(draws, other), (draws,) * 2
                ),
                measure,
            )
            for _ in range(20)
        ]
        assert np.mean([one.value for one in found]) == pytest.approx(true, rel=0.1)
        assert all(one.surely for one in found)


def test_a_value_that_is_gone_does_not_make_psi_infinite():
    found = distance(cells(np.array([50, 40, 10]), np.array([60, 40, 0])), "psi")
    assert found.measured == pytest.approx(
        0.1 * math.log(0.6 / 0.5) - 0.0999 * math.log(1e-4 / 0.1), abs=1e-6
    )


def test_many_cells_are_as_unsure_as_few():
    """Of a thousand cells a hundred are enough to know what chance does."""
    random = np.random.default_rng(2)
    fine = np.full(1_000, 1.0)
    places = np.arange(1_000) / 1_000
    many = distance(Cells(fine, fine, (500, 500), places), "wasserstein")
    few = distance(
        Cells(np.full(100, 1.0), np.full(100, 1.0), (500, 500), np.arange(100) / 100), "wasserstein"
    )
    assert many.by_chance == pytest.approx(few.by_chance, rel=0.1)
    sample = random.multinomial(500, fine / 1_000, 2).astype(float)
    assert not distance(Cells(sample[0], sample[1], (500, 500), places), "wasserstein").surely
