from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from adclick.arrays import Array
from adclick.model.calibration import Calibration
from adclick.model.click_model import ClickModel
from adclick.model.head import build_tabular
from adclick.model.options import ModelOptions
from adclick.model.seeds import Seeds
from adclick.training.encoded_rows import EncodedRows
from adclick.training.stacking import stack

SLOTS = (3, 4)
WORTH = (np.array([-1.0, 0.0, 1.0]), np.array([0.5, -0.5, 1.0, -1.0]))


def rows(count: int, seed: int, clicked: bool = True) -> EncodedRows:
    """Clicks that follow a logistic regression of slots, `WORTH`."""
    generator = np.random.default_rng(seed)
    slots = np.stack([generator.integers(0, n, count) for n in SLOTS], axis=1).astype(np.int32)
    eta = -1 + WORTH[0][slots[:, 0]] + WORTH[1][slots[:, 1]]
    clicks = (generator.random(count) < expit(eta)) & clicked
    return EncodedRows(
        categorical=slots,
        numeric=generator.normal(size=(count, 1)).astype(np.float32),
        creative=np.full(count, -1, np.int32),
        impressions=np.ones(count, np.float32),
        clicks=clicks.astype(np.float32),
    )


def network() -> ClickModel:
    """One that has learned nothing: what it says is noise."""
    head = build_tabular(SLOTS, 1, 0.3, ModelOptions(hidden_units=(8,)), Seeds(1))
    kernel, bias = head.get_layer("combine").get_weights()
    head.get_layer("combine").set_weights([8 * kernel, bias])
    return ClickModel(head, None, np.zeros(0, np.float32), Calibration(), ("2026-01",))


def logloss(logits: Array, clicks: Array) -> float:
    return float(np.mean(np.logaddexp(0, logits) - clicks * logits))


def test_a_network_that_learned_nothing_gives_way_to_the_logistic_regression() -> None:
    twin, later = network(), rows(4000, 2)
    before = logloss(twin.logits(later.encoded, None), later.clicks)
    weight = stack(twin, rows(4000, 1), later, SLOTS)
    eta = -1 + WORTH[0][later.categorical[:, 0]] + WORTH[1][later.categorical[:, 1]]
    after = logloss(twin.logits(later.encoded, None), later.clicks)
    assert weight < 0.1
    assert after == pytest.approx(logloss(eta, later.clicks), abs=0.005)
    assert before > after + 0.05


def test_the_network_becomes_the_weighted_mean_of_both() -> None:
    twin, later, training = network(), rows(300, 2), rows(300, 1)
    own = twin.logits(later.encoded, None)
    weight = stack(twin, training, later, SLOTS)
    mixed = twin.logits(later.encoded, None)
    only = network()
    only.head.get_layer("combine").set_weights(
        [0 * part for part in only.head.get_layer("combine").get_weights()]
    )
    known = (mixed - weight * own) / (1 - weight)
    stack(only, training, later, SLOTS)
    # what is left is a sum over slots: equal rows, equal numbers, whatever the numeric column says
    key = later.categorical[:, 0] * SLOTS[1] + later.categorical[:, 1]
    spread = max(np.ptp(known[key == value]) for value in np.unique(key))
    assert 0 < weight < 1
    assert spread < 1e-3


def test_without_clicks_to_judge_by_the_network_stays_as_it_is() -> None:
    twin, later = network(), rows(300, 2, clicked=False)
    before = twin.logits(later.encoded, None)
    assert stack(twin, rows(300, 1), later, SLOTS) == 1
    np.testing.assert_array_equal(twin.logits(later.encoded, None), before)
