"""What pages say of models side by side: metrics, leads, calibration, slices."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby

from markupsafe import Markup

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
from adclick.views.html import table
from adclick.views.text import count, number, percent, shortened, signed

ORDER = (CHALLENGER, CHAMPION, LOGISTIC, CONSTANT)
MOST_SLICES = 150
HEADS = {"auc": "AUC", "logloss": "logloss", "calibration": "predicted / observed", "ece": "ECE"}
DIGITS = {"auc": 4, "logloss": 5, "calibration": 3, "ece": 4}
# which direction is better; the calibration metrics are no race: what counts is their bounds
LEADS = {"auc": 1, "logloss": -1}


def against_whom(evaluation: Evaluation) -> str:
    """The model that the challenger is compared with: the champion, else the regression."""
    return CHAMPION if evaluation.model(CHAMPION) else LOGISTIC


def in_order(evaluation: Evaluation) -> list[ModelFigures]:
    """The models that were evaluated, the challenger first."""
    return [model for name in ORDER if (model := evaluation.model(name))]


def models_table(evaluation: Evaluation) -> Markup:
    """Each model's metrics with their intervals."""
    rows = [
        (model.name, *(_figure(model.metrics[metric], metric) for metric in HEADS))
        for model in in_order(evaluation)
    ]
    return table(("model", *HEADS.values()), rows)


def _figure(figure: Figure, metric: str) -> Markup:
    value, interval = figure_text(figure, metric).split(" ", 1)
    return Markup('{} <span class="interval">{}</span>').format(value, interval)


def figure_text(figure: Figure, metric: str) -> str:
    """A metric with its interval, as `value [low, high]`."""
    value, low, high = (number(x, DIGITS[metric]) for x in (figure.value, figure.low, figure.high))
    return f"{value} [{low}, {high}]"


def lead_text(figure: Figure, metric: str) -> str:
    """A difference with its interval, as `+value [+low, +high]`."""
    value, low, high = (signed(x, DIGITS[metric]) for x in (figure.value, figure.low, figure.high))
    return f"{value} [{low}, {high}]"


def leads_table(evaluation: Evaluation) -> Markup:
    """Challenger minus each other model, and whether that is better."""
    rows = [
        (model.name, *(_lead(model.challenger_minus, metric) for metric in LEADS))
        for model in in_order(evaluation)
        if model.challenger_minus
    ]
    return table(("over", *(HEADS[metric] for metric in LEADS)), rows)


def _lead(leads: Mapping[str, Figure], metric: str) -> Markup:
    value, interval = lead_text(leads[metric], metric).split(" ", 1)
    return Markup('{} <span class="interval">{}</span> {}').format(
        value, interval, _judged(leads[metric], LEADS[metric])
    )


def _judged(lead: Figure, direction: int) -> Markup:
    if min(lead.low * direction, lead.high * direction) > 0:
        return Markup('<span class="judged first-text">better</span>')
    if max(lead.low * direction, lead.high * direction) < 0:
        return Markup('<span class="judged second-text">worse</span>')
    return Markup('<span class="judged aside">unclear</span>')


def calibration_plot(bins: tuple[CalibrationBin, ...]) -> Markup:
    """Observed over predicted click rate."""
    return calibration_chart([(point.predicted, point.observed) for point in bins])


def bins_table(bins: tuple[CalibrationBin, ...]) -> Markup:
    """The same as numbers."""
    rows = [(count(b.impressions), percent(b.predicted), percent(b.observed)) for b in bins]
    return table(("impressions", "predicted", "observed"), rows, text_columns=0)


def slices_table(slices: tuple[SliceFigures, ...], against: str) -> Markup:
    """Challenger and another model, slice by slice."""
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
