"""How good the served scores are, of the predictions whose click is no longer awaited."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from adclick.evaluation.metrics import Scored, metrics
from adclick.feedback.join import JoinCounts
from adclick.feedback.predictions import LabelledPredictions
from adclick.monitoring.checks import DriftChecks, SliceChecks
from adclick.monitoring.predictions import labelled_performance
from adclick.monitoring.slice_codes import SliceCodes
from adclick.prediction_log import CANDIDATE, REQUEST, SCORE
from adclick.prediction_log.names import CLICKED
from adclick.records.columns import OWN_TYPES, TIME
from tests.drifting import SCHEMA, profile, world

ROWS = 3_000
CHECKS = DriftChecks(slices=SliceChecks(columns=("device",), min_impressions=500))


def predictions(clicked: list[bool | None]) -> LabelledPredictions:
    frame, random = world(0, ROWS), np.random.default_rng(0)
    start = datetime(2026, 6, 1, tzinfo=UTC)
    columns = {name: pa.array(frame[name]) for name in ("site", "device", "word", "bid", "age")}
    # a request may leave its own time out
    table = {
        "time": pa.nulls(ROWS, pa.string()),
        **columns,
        REQUEST: pa.array([f"r{number}" for number in range(ROWS)]),
        CANDIDATE: pa.array(np.zeros(ROWS, np.int64)),
        SCORE: pa.array(random.beta(2, 8, ROWS)),
        TIME: pa.array([start + timedelta(hours=n % 600) for n in range(ROWS)], OWN_TYPES[TIME]),
        CLICKED: pa.array(clicked, OWN_TYPES[CLICKED]),
    }
    return LabelledPredictions(pa.table(table), 0, JoinCounts())


def measured(found: LabelledPredictions):
    slices = SliceCodes(profile(world(1)), CHECKS.slices.columns)
    return labelled_performance(found, SCHEMA, slices, CHECKS)


def test_predictions_that_await_their_click_are_left_out():
    random = np.random.default_rng(1)
    told = random.random(ROWS) < 0.7
    clicks = random.random(ROWS) < 0.2
    some = predictions([bool(c) if t else None for c, t in zip(clicks, told, strict=True)])
    found = measured(some)
    assert found is not None
    assert (found.impressions, found.clicks) == (told.sum(), (told & clicks).sum())
    score = some.table[SCORE].to_numpy()[told]
    expected = metrics(Scored(clicks[told].astype(float), np.ones(told.sum()), score))
    assert found.metrics["auc"].value == pytest.approx(expected["auc"])
    assert found.metrics["calibration"].value == pytest.approx(expected["calibration"])
    assert {(one.column, one.value) for one in found.slices} == {
        ("device", "phone"), ("device", "desktop"),
    }  # fmt: skip


@pytest.mark.parametrize("label", [None, False, True])
def test_without_both_kinds_of_labels_nothing_is_measured(label: bool | None):
    assert measured(predictions([label] * ROWS)) is None
