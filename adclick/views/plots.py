"""The plots of an evaluation: calibration, ROC and precision-recall curves, side by side."""

from __future__ import annotations

from markupsafe import Markup

from adclick.evaluation.evaluation import CHALLENGER, CHAMPION, LOGISTIC, Evaluation
from adclick.views.html import render
from adclick.views.planes import (
    Curve,
    Rate,
    calibration_chart,
    precision_recall_chart,
    roc_chart,
)

STYLES = {CHALLENGER: "", CHAMPION: "second", LOGISTIC: "third"}


def plots(evaluation: Evaluation) -> Markup:
    """What is there to be drawn of an evaluation, with what it shows below each."""
    models = [model for name in STYLES if (model := evaluation.model(name)) and model.curve]
    rates = [
        Rate(one.predicted, one.observed, one.low, one.high) for one in evaluation.calibration_curve
    ]
    # the thin lines first: the challenger's is on top
    roc = [
        Curve(
            model.name,
            [(0.0, 0.0), *((point.fall_out, point.recall) for point in model.curve)],
            _line(model.name),
        )
        for model in reversed(models)
    ]
    precision = [
        Curve(model.name, [(p.recall, p.precision) for p in model.curve], _line(model.name))
        for model in reversed(models)
    ]
    return Markup(
        render(
            "plots.html.j2",
            calibration=calibration_chart(rates) if rates else None,
            roc=roc_chart(roc) if roc else None,
            precision=precision_recall_chart(precision, evaluation.clicks / evaluation.impressions)
            if precision
            else None,
            keys=[(model.name, STYLES[model.name]) for model in models],
            confidence=f"{100 * evaluation.confidence:g} %",
        )
    )


def _line(name: str) -> str:
    return f"{STYLES[name]}-line" if STYLES[name] else ""
