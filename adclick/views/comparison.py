"""What pages say of models side by side: the one line, the large figures, the tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup

from adclick.evaluation.evaluation import (
    BOOSTING,
    CHALLENGER,
    CHAMPION,
    CONSTANT,
    LOGISTIC,
    TWIN,
    Evaluation,
    ModelFigures,
)
from adclick.evaluation.intervals import Figure
from adclick.evaluation.metrics import BETTER
from adclick.evaluation.naming import NAMES, digits
from adclick.views.html import table
from adclick.views.text import number, signed

ORDER = (CHALLENGER, CHAMPION, TWIN, BOOSTING, LOGISTIC, CONSTANT)
TILES = ("auc", "pr_auc", "logloss", "calibration")
DECIDES = "logloss"
STYLES = {"better": "first-text", "worse": "second-text", "unclear": "aside"}


@dataclass(frozen=True)
class Finding:
    """Who predicts better, in a line: `verdict` is better, worse or unclear for the challenger."""

    verdict: str
    said: str


@dataclass(frozen=True)
class Tile:
    """A figure that is shown large, and what is said below it."""

    name: str
    value: str
    interval: str
    said: Markup


def finding(evaluation: Evaluation) -> Finding:
    """Whether the challenger predicts better than whom it has to beat."""
    opponent = evaluation.model(evaluation.opponent)
    if opponent is None or opponent.challenger_minus is None:
        return Finding("unclear", "the challenger was compared with nobody")
    lead = opponent.challenger_minus[DECIDES]
    verdict = lead.lead(BETTER[DECIDES])
    named = " ".join(filter(None, (opponent.name, evaluation.champion_version)))
    than = f"than the {named}: {NAMES[DECIDES]} {lead_text(lead, DECIDES)}"
    said = {
        "better": f"the challenger predicts better {than}",
        "worse": f"the challenger predicts worse {than}",
        "unclear": f"the challenger is not shown to predict better or worse {than}",
    }
    return Finding(verdict, said[verdict])


def tiles(evaluation: Evaluation) -> list[Tile]:
    """The challenger's figures that matter most, with its lead over whom it has to beat."""
    challenger, opponent = evaluation.model(CHALLENGER), evaluation.model(evaluation.opponent)
    leads = (opponent.challenger_minus if opponent else None) or {}
    found = []
    for metric in TILES:
        if challenger and metric in challenger.metrics:
            value, interval = figure_text(challenger.metrics[metric], metric).split(" ", 1)
            said = _said(leads.get(metric), metric, evaluation.opponent)
            found.append(Tile(NAMES[metric], value, interval, said))
    return found


def _said(lead: Figure | None, metric: str, opponent: str) -> Markup:
    if metric not in BETTER:
        return Markup('<span class="aside">1 is right</span>')
    if lead is None:
        return Markup("")
    verdict = lead.lead(BETTER[metric])
    word = {"better": "better than", "worse": "worse than", "unclear": "no clear lead over"}
    return Markup('<span class="{}">{}</span> {} {}').format(
        STYLES[verdict], signed(lead.value, digits(metric)), word[verdict], opponent
    )


def in_order(evaluation: Evaluation) -> list[ModelFigures]:
    """The models that were evaluated, the challenger first."""
    return [model for name in ORDER if (model := evaluation.model(name))]


def models_table(evaluation: Evaluation) -> Markup:
    """A row a metric, a column a model, with intervals."""
    heads, rows = model_rows(evaluation)
    return table(heads, [(name, *map(_with_interval, cells)) for name, *cells in rows])


def leads_table(evaluation: Evaluation) -> Markup:
    """A row a metric, a column a model that the challenger is compared with."""
    others = [model for model in in_order(evaluation) if model.challenger_minus]
    rows = [
        (NAMES[metric], *(_lead(model.challenger_minus or {}, metric) for model in others))
        for metric in BETTER
        if all(metric in (model.challenger_minus or {}) for model in others)
    ]
    return table(("challenger minus", *(model.name for model in others)), rows)


def model_rows(evaluation: Evaluation) -> tuple[list[str], list[tuple[str, ...]]]:
    """The same as `models_table` as text: heads and rows."""
    models = in_order(evaluation)
    rows = [
        (NAMES[metric], *(figure_text(model.metrics[metric], metric) for model in models))
        for metric in NAMES
        if all(metric in model.metrics for model in models)
    ]
    return ["", *(model.name for model in models)], rows


def lead_rows(evaluation: Evaluation) -> tuple[list[str], list[tuple[str, ...]]]:
    """The same as `leads_table` as text: heads and rows."""
    others = [model for model in in_order(evaluation) if model.challenger_minus]
    rows = [
        (
            NAMES[metric],
            *(
                f"{lead_text(lead, metric)} {lead.lead(BETTER[metric])}"
                for model in others
                if (lead := (model.challenger_minus or {})[metric])
            ),
        )
        for metric in BETTER
        if all(metric in (model.challenger_minus or {}) for model in others)
    ]
    return ["challenger minus", *(model.name for model in others)], rows


def figure_text(figure: Figure, metric: str) -> str:
    """A metric with its interval, as `value [low, high]`."""
    value, low, high = (number(x, digits(metric)) for x in (figure.value, figure.low, figure.high))
    return f"{value} [{low}, {high}]"


def lead_text(figure: Figure, metric: str) -> str:
    """A difference with its interval, as `+value [+low, +high]`."""
    value, low, high = (signed(x, digits(metric)) for x in (figure.value, figure.low, figure.high))
    return f"{value} [{low}, {high}]"


def _lead(leads: Mapping[str, Figure], metric: str) -> Markup:
    verdict = leads[metric].lead(BETTER[metric])
    word = Markup(' <span class="judged {}">{}</span>').format(STYLES[verdict], verdict)
    return _with_interval(lead_text(leads[metric], metric), word)


def _with_interval(said: str, word: str = "") -> Markup:
    value, interval = said.split(" ", 1)
    return Markup('{}{} <small class="interval">{}</small>').format(value, word, interval)
