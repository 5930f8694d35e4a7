"""The page of a trained model: how it learned, how large it is, how it is calibrated."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from markupsafe import Markup

from adclick.model.calibration import Calibration
from adclick.views.charts import line_chart
from adclick.views.html import render, table
from adclick.views.text import NO_NUMBER, count, number, percent, shortened

RAW = (0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)


def model_page(
    validation_logloss: Sequence[float],
    parameters: Mapping[str, int],
    calibration: Calibration,
    training_months: Sequence[str],
) -> str:
    """HTML that shows whether training went well.

    `validation_logloss` is the calibration rows' after each epoch, `parameters` how many each
    layer has, by its name.
    """
    losses = [number(loss, 5) for loss in validation_logloss]
    epochs = [str(epoch) for epoch in range(1, len(losses) + 1)]
    best = _best(validation_logloss)
    return render(
        "model.html.j2",
        best_logloss=NO_NUMBER if best is None else losses[best],
        best_epoch=NO_NUMBER if best is None else epochs[best],
        epochs=len(epochs),
        training_months=", ".join(training_months),
        total=sum(parameters.values()),
        curve=line_chart("Logloss by epoch", epochs, validation_logloss, marked=best),
        losses=table(("epoch", "logloss"), list(zip(epochs, losses, strict=True))),
        formula=str(calibration),
        calibrated=_calibrated(calibration),
        parameters=_parameters(parameters),
    )


def _best(losses: Sequence[float]) -> int | None:
    finite = [epoch for epoch, loss in enumerate(losses) if math.isfinite(loss)]
    return min(finite, key=lambda epoch: losses[epoch]) if finite else None


def _calibrated(calibration: Calibration) -> Markup:
    raw = np.array(RAW)
    calibrated = calibration.probability(np.log(raw / (1 - raw)))
    heads = ("raw", *(percent(p) for p in RAW))
    return table(heads, [("calibrated", *(percent(float(p)) for p in calibrated))])


def _parameters(parameters: Mapping[str, int]) -> Markup:
    total = sum(parameters.values())
    rows = [
        (shortened(layer), count(weights), percent(weights / total))
        for layer, weights in parameters.items()
        if weights
    ]
    return table(("layer", "parameters", "share"), rows)
