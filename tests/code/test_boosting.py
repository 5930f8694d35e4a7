from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit

from adclick.arrays import Float64
from adclick.encoding.encoder import Encoded
from adclick.model.boosting import BoostingBaseline, fit_boosting, load_boosting

SLOTS = (300, 4)


def drawn(n: int) -> tuple[Encoded, Float64]:
    """Rows whose click probability is a matter of two columns together, and that probability."""
    generator = np.random.default_rng(1)
    slots = np.stack([generator.integers(0, count, n) for count in SLOTS], axis=1)
    numbers = generator.normal(size=(n, 1)).astype(np.float32)
    eta = -1.5 + (slots[:, 0] % 3 - 1) + 1.5 * (slots[:, 1] == 2) * numbers[:, 0]
    return Encoded(slots.astype(np.int32), numbers), np.asarray(expit(eta))


@pytest.fixture(scope="module")
def fitted() -> BoostingBaseline:
    rows, p = drawn(40_000)
    clicks = (np.random.default_rng(2).random(len(p)) < p).astype(float)
    return fit_boosting(rows, SLOTS, clicks, np.ones_like(clicks))


def test_trees_learn_what_columns_mean_together(fitted: BoostingBaseline) -> None:
    rows, p = drawn(4_000)
    predicted = fitted.predict(rows)
    assert np.abs(predicted - p).mean() < 0.05
    assert predicted.mean() == pytest.approx(p.mean(), rel=0.05)


def test_only_a_column_of_too_many_slots_becomes_click_rates(fitted: BoostingBaseline) -> None:
    assert list(fitted.rates) == [0]
    likelier = fitted.rates[0][2::3].mean() - fitted.rates[0][0::3].mean()
    assert likelier > 0.1


def test_an_aggregated_row_counts_as_its_impressions() -> None:
    rows, _ = drawn(400)
    shown = np.random.default_rng(1).integers(1, 5, 400).astype(float)
    clicks = np.floor(shown * np.random.default_rng(2).random(400))
    general = fit_boosting(rows, SLOTS, clicks, shown).predict(rows) @ shown / shown.sum()
    assert general == pytest.approx(clicks.sum() / shown.sum(), rel=0.02)


def test_saved_trees_predict_the_same(fitted: BoostingBaseline, tmp_path: Path) -> None:
    rows, _ = drawn(100)
    fitted.save(tmp_path / "trees")
    np.testing.assert_array_equal(
        load_boosting(tmp_path / "trees").predict(rows), fitted.predict(rows)
    )
