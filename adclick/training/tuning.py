"""Searching for training settings that predict later rows better, within a budget."""

from __future__ import annotations

import logging
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from adclick.adlog import AdLog
from adclick.encoding.encoder import FeatureEncoder
from adclick.encoding.fit import fit_encoder
from adclick.errors import AdclickError
from adclick.model.click_model import ClickModel
from adclick.splitting import Split, SplitOptions, split_before_test
from adclick.training.encoded_rows import EncodedRows, encode_rows
from adclick.training.options import TrainingOptions
from adclick.training.row_logits import row_logits
from adclick.training.train import train
from adclick.training.trials import Trial, Trials, TuningOptions

logger = logging.getLogger(__name__)

RATES = (5e-4, 1e-2)
HIDDEN_UNITS = {"32": (32,), "64-32": (64, 32), "128-64": (128, 64)}


def tune(
    log: AdLog,
    split: Split,
    options: TrainingOptions,
    tuning: TuningOptions,
    splitting: SplitOptions,
) -> Trials:
    """Try settings near `options` by Optuna's TPE sampler; returns them all with the best.

    Each is trained on the beginning of the training rows, stopped and calibrated by the rows after
    it, and judged by the calibration rows, the latest before the test rows, which none sees. The
    first trial is of `options` as they are, so what is found is no worse on those rows. Raises
    AdclickError where training fails on all of them.

    Source: Bergstra et al., Algorithms for hyper-parameter optimization, 2011.
    """
    # imported here: most runs search for nothing
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    has_images = log.creatives() is not None
    before = split_before_test(log, split, splitting)
    encoder = fit_encoder(log, before.training)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=options.seed))
    end = time.monotonic() + 60 * tuning.minutes
    with tempfile.TemporaryDirectory(prefix="adclick-tuning-") as folder:
        rows = encode_rows(log, before.test, encoder, Path(folder))
        tried = [(_try(log, before, encoder, rows, options, {}), options)]
        while len(tried) < tuning.trials and time.monotonic() < end:
            asked = study.ask()
            chosen = _suggested(asked, options, has_images)
            trial = _try(log, before, encoder, rows, chosen, dict(asked.params))
            failed = optuna.trial.TrialState.FAIL if trial.logloss is None else None
            study.tell(asked, trial.logloss, failed)
            tried.append((trial, chosen))
    losses = [np.inf if trial.logloss is None else trial.logloss for trial, _ in tried]
    best = int(np.argmin(losses))
    if not np.isfinite(losses[best]):
        raise AdclickError(f"tuning: no trial could be trained; the first: {tried[0][0].reason}")
    return Trials(
        trials=tuple(trial for trial, _ in tried),
        best=best,
        options=tried[best][1],
        trained_on=before.training.describe(),
        tested_on=before.test.describe(),
    )


def _try(
    log: AdLog,
    split: Split,
    encoder: FeatureEncoder,
    rows: EncodedRows,
    options: TrainingOptions,
    settings: dict[str, Any],
) -> Trial:
    started = time.monotonic()
    loss, reason = np.nan, "its predictions are no numbers"
    try:
        loss = _logloss(train(log, split, encoder, options).model, rows, log)
    except AdclickError as error:
        reason = str(error)
    trial = Trial(
        settings=settings,
        logloss=loss if np.isfinite(loss) else None,
        seconds=time.monotonic() - started,
        reason=None if np.isfinite(loss) else reason,
    )
    logger.info("logloss %s of %s", trial.logloss, settings or "the settings as configured")
    return trial


def _logloss(model: ClickModel, rows: EncodedRows, log: AdLog) -> float:
    """Logloss per impression of calibrated predictions."""
    table = log.creatives()
    logits = row_logits(model, rows, table.images if table else None)
    p = np.clip(model.calibration.probability(logits), 1e-12, 1 - 1e-12)
    lost = rows.clicks * np.log(p) + (rows.impressions - rows.clicks) * np.log1p(-p)
    return float(-lost.sum() / rows.impressions.sum(dtype=np.float64))


def _suggested(trial: Any, options: TrainingOptions, has_images: bool) -> TrainingOptions:
    def rate(name: str) -> float:
        return float(trial.suggest_float(name, *RATES, log=True))

    model = options.model.model_copy(
        update={
            "embedding_dimensions": trial.suggest_categorical(
                "embedding_dimensions", (2, 4, 8, 16)
            ),
            "cross_layers": trial.suggest_int("cross_layers", 0, 3),
            "hidden_units": HIDDEN_UNITS[
                trial.suggest_categorical("hidden_units", tuple(HIDDEN_UNITS))
            ],
            "dropout": trial.suggest_float("dropout", 0, 0.5),
            "l2": trial.suggest_float("l2", 1e-6, 1e-2, log=True),
        }
    )
    changed: dict[str, Any] = {
        "learning_rate": rate("learning_rate"),
        "batch_size": trial.suggest_categorical("batch_size", (256, 512, 1024, 2048, 4096)),
        "model": model,
    }
    if has_images:
        dimensions = trial.suggest_categorical("image_dimensions", (4, 8, 16))
        changed["model"] = model.model_copy(update={"image_dimensions": dimensions})
        images = {"learning_rate": rate("images.learning_rate")}
        changed["images"] = options.images.model_copy(update=images)
    return options.model_copy(update=changed)
