"""A search for settings finds what predicts later rows better, within its budget."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from adclick.adlog import AdLog
from adclick.errors import AdclickError
from adclick.splitting import Split, SplitOptions, split_before_test, split_by_time
from adclick.training.options import TrainingOptions
from adclick.training.trials import Trials, TuningOptions
from adclick.training.tuning import tune
from tests.logs import ingested, many, schema_of

# steps so small that next to nothing is learned
POOR = TrainingOptions(epochs=1, learning_rate=1e-6)
SPLITTING = SplitOptions()


@pytest.fixture(scope="module", autouse=True)
def _network_alone() -> Iterator[None]:
    """Poor settings show: no logistic regression makes up for them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("adclick.training.train.stack", lambda *_: 1.0)
        yield


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> AdLog:
    months = {month: many(400, month) for month in ("2024-01", "2024-02")}
    return ingested(tmp_path_factory.mktemp("tuning"), months)


@pytest.fixture(scope="module")
def split(log: AdLog) -> Split:
    return split_by_time(log, SPLITTING)


@pytest.fixture(scope="module")
def found(log: AdLog, split: Split) -> Trials:
    return tune(log, split, POOR, TuningOptions(trials=3), SPLITTING)


def test_the_best_of_the_trials_is_taken(found: Trials) -> None:
    losses = [trial.logloss for trial in found.trials]
    assert len(losses) == 3 and None not in losses
    assert losses[found.best] == min(loss for loss in losses if loss is not None)
    assert found.best != 0
    best = found.trials[found.best].settings
    assert found.options.learning_rate == best["learning_rate"] > POOR.learning_rate
    assert found.options.model.l2 == best["l2"]
    assert found.options.epochs == POOR.epochs


def test_the_settings_as_configured_come_first(found: Trials) -> None:
    assert found.trials[0].settings == {}
    assert {"dropout", "batch_size", "hidden_units"} <= found.trials[1].settings.keys()
    assert "images.learning_rate" not in found.trials[1].settings


def test_a_seed_tries_the_same_again(log: AdLog, split: Split, found: Trials) -> None:
    again = tune(log, split, POOR, TuningOptions(trials=2), SPLITTING)
    assert [(t.settings, t.logloss) for t in again.trials] == [
        (t.settings, t.logloss) for t in found.trials[:2]
    ]


def test_no_trial_begins_after_the_last_minute(log: AdLog, split: Split) -> None:
    few = tune(log, split, POOR, TuningOptions(trials=50, minutes=1e-6), SPLITTING)
    assert (len(few.trials), few.best, few.options) == (1, 0, POOR)


def test_no_trial_sees_a_test_row(log: AdLog, split: Split) -> None:
    before = split_before_test(log, split, SPLITTING)
    assert before.test == split.calibration
    assert before.training.until == before.calibration.since
    assert before.calibration.until == split.training.until
    counts = [log.table(rows).num_rows for rows in (before.training, before.calibration)]
    assert sum(counts) == log.table(split.training).num_rows
    assert counts[1] / sum(counts) == pytest.approx(0.15, abs=0.03)


def test_a_log_of_one_month_is_searched_by_shares_of_ids(tmp_path: Path) -> None:
    month = ingested(tmp_path, {"2024-01": many(400)}, schema_of(holdout={}))
    split = split_by_time(month, SPLITTING)
    before = split_before_test(month, split, SPLITTING)
    names = [
        set(month.table(rows, ["id"]).column("id").to_pylist())
        for rows in (before.training, before.calibration, before.test, split.test)
    ]
    assert sum(map(len, names)) == 400 == len(set().union(*names))


def test_a_log_that_cannot_be_learned_is_an_error(tmp_path: Path) -> None:
    months = {month: many(50, month, clicked="0") for month in ("2024-01", "2024-02")}
    log = ingested(tmp_path, months)
    with pytest.raises(AdclickError, match="no trial could be trained; the first: training rows"):
        tune(log, split_by_time(log, SPLITTING), POOR, TuningOptions(trials=2), SPLITTING)
