"""The page of an evaluation: models side by side, the challenger's lead, calibration, slices."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby

from markupsafe import Markup

from adclick.evaluation.decision import Decision
from adclick.evaluation.evaluation import (
    CHALLENGER,
    CHAMPION,
    CONSTANT,
    LOGISTIC,
    CalibrationBin,
    Evaluation,
    ModelFigures,
)
from adclick.evaluation.intervals import Figure
from adclick.evaluation.slices import SliceFigures
from adclick.views.charts import calibration_chart, dots, dots_axis, dots_head
from adclick.views.html import render, table
from adclick.views.text import count, number, percent, shortened, signed

ORDER = (CHALLENGER, CHAMPION, LOGISTIC, CONSTANT)
MOST_SLICES = 150
HEADS = {"auc": "AUC", "logloss": "logloss", "calibration": "predicted / observed", "ece": "ECE"}
DIGITS = {"auc": 4, "logloss": 5, "calibration": 3, "ece": 4}
# which direction is better; the calibration metrics are no race: what counts is their bounds
LEADS = {"auc": 1, "logloss": -1}


def evaluation_page(evaluation: Evaluation, decision: Decision | None = None) -> str:
    """HTML that shows how good the challenger is and what it was compared with.

    With a decision its verdict is the first line. Slices are compared with the champion, or with
    the logistic regression where there is no champion.
    """
    against = CHAMPION if evaluation.model(CHAMPION) else LOGISTIC
    return render(
        "evaluation.html.j2",
        evaluation=evaluation,
        decision=decision,
        confidence=f"{100 * evaluation.confidence:g} %",
        click_rate=evaluation.clicks / evaluation.impressions,
        models=_models(evaluation),
        leads=_leads(evaluation),
        curve=_curve(evaluation.calibration_curve),
        bins=_bins(evaluation.calibration_curve),
        slices=_slices(evaluation.slices, against),
        against=against,
    )


def _in_order(evaluation: Evaluation) -> list[ModelFigures]:
    return [model for name in ORDER if (model := evaluation.model(name))]


def _models(evaluation: Evaluation) -> Markup:
    rows = [
        (model.name, *(_figure(model.metrics[metric], metric) for metric in HEADS))
        for model in _in_order(evaluation)
    ]
    return table(("model", *HEADS.values()), rows)


def _figure(figure: Figure, metric: str) -> Markup:
    value, low, high = (number(x, DIGITS[metric]) for x in (figure.value, figure.low, figure.high))
    return Markup('{} <span class="interval">[{}, {}]</span>').format(value, low, high)


def _leads(evaluation: Evaluation) -> Markup:
    rows = [
        (model.name, *(_lead(model.challenger_minus, metric) for metric in LEADS))
        for model in _in_order(evaluation)
        if model.challenger_minus
    ]
    return table(("over", *(HEADS[metric] for metric in LEADS)), rows)


def _lead(leads: Mapping[str, Figure], metric: str) -> Markup:
    lead = leads[metric]
    value, low, high = (signed(x, DIGITS[metric]) for x in (lead.value, lead.low, lead.high))
    return Markup('{} <span class="interval">[{}, {}]</span> {}').format(
        value, low, high, _judged(lead, LEADS[metric])
    )


def _judged(lead: Figure, direction: int) -> Markup:
    if min(lead.low * direction, lead.high * direction) > 0:
        return Markup('<span class="judged first-text">better</span>')
    if max(lead.low * direction, lead.high * direction) < 0:
        return Markup('<span class="judged second-text">worse</span>')
    return Markup('<span class="judged aside">unclear</span>')


def _curve(bins: tuple[CalibrationBin, ...]) -> Markup:
    return calibration_chart([(point.predicted, point.observed) for point in bins])


def _bins(bins: tuple[CalibrationBin, ...]) -> Markup:
    rows = [(count(b.impressions), percent(b.predicted), percent(b.observed)) for b in bins]
    return table(("impressions", "predicted", "observed"), rows, text_columns=0)


def _slices(slices: tuple[SliceFigures, ...], against: str) -> Markup:
    names = (CHALLENGER, against)
    axis = dots_axis([s.metrics[name]["auc"] for s in slices for name in names])
    rows: list[tuple[str, ...]] = []
    for _, group in groupby(slices, key=lambda s: s.column):
        largest_first = sorted(group, key=lambda s: -s.impressions)
        for position, found in enumerate(largest_first):
            ours, theirs = (found.metrics[name]["auc"] for name in names)
            rows.append(
                (
                    "" if position else shortened(found.column, 40),
                    shortened(found.value, 40),
                    count(found.impressions),
                    percent(found.clicks / found.impressions),
                    number(ours, 3),
                    number(theirs, 3),
                    dots(axis, ours, theirs),
                )
            )
    heads = ("column", "value", "impressions", "click rate", *names, dots_head(axis))
    return table(heads, rows, text_columns=2, most=MOST_SLICES)
