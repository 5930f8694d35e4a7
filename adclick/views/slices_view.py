"""Slices of an evaluation as a forest: where the challenger is better, and where worse."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from adclick.evaluation.evaluation import CHALLENGER, Evaluation
from adclick.evaluation.metrics import BETTER
from adclick.evaluation.search import LEAST_CLICKS
from adclick.evaluation.slices import SliceFigures
from adclick.views.comparison import lead_text
from adclick.views.forest import Forest
from adclick.views.html import render
from adclick.views.text import count, number, percent, shortened

METRIC = "auc"
EACH_WAY = 7
MOST = 150


def telling_slices(evaluation: Evaluation) -> Markup | None:
    """The slices where the challenger is clearest worse or better, the worst first; None without.

    Clear is what is large beside its error, which takes LEAST_CLICKS to be known.
    """
    led = sorted(filter(_telling, _led(evaluation)), key=_in_errors)
    chosen = led if len(led) <= 2 * EACH_WAY else [*led[:EACH_WAY], *led[-EACH_WAY:]]
    chosen.sort(key=lambda one: BETTER[METRIC] * one.leads[METRIC].value)
    return _forest(evaluation, chosen, _axis(chosen)) if chosen else None


def all_slices(evaluation: Evaluation) -> Markup | None:
    """Every slice, by column and from large to small; None without."""
    led = _led(evaluation)
    columns = {column: n for n, column in enumerate(dict.fromkeys(one.column for one in led))}
    ordered = sorted(led, key=lambda one: (columns[one.column], -one.impressions))
    return _forest(evaluation, ordered, _axis(ordered)) if ordered else None


def _led(evaluation: Evaluation) -> list[SliceFigures]:
    return [
        one
        for one in evaluation.slices
        if METRIC in one.leads and math.isfinite(one.leads[METRIC].value)
    ]


def _telling(one: SliceFigures) -> bool:
    return one.clicks >= LEAST_CLICKS and one.leads[METRIC].error > 0


def _in_errors(one: SliceFigures) -> float:
    lead = one.leads[METRIC]
    return BETTER[METRIC] * lead.value / lead.error


def _axis(slices: Sequence[SliceFigures]) -> Forest:
    return Forest.of([one.leads[METRIC] for one in slices], BETTER[METRIC])


def _forest(evaluation: Evaluation, slices: Sequence[SliceFigures], forest: Forest) -> Markup:
    rows = []
    for one in slices[:MOST]:
        lead = one.leads[METRIC]
        text = lead_text(lead, METRIC)
        rows.append(
            {
                "column": shortened(one.column, 40),
                "value": shortened(one.value, 40),
                "impressions": count(one.impressions),
                "click_rate": percent(one.clicks / one.impressions),
                "ours": number(one.metrics[CHALLENGER][METRIC], 3),
                "theirs": number(one.metrics[evaluation.opponent][METRIC], 3),
                "drawn": forest.row(lead, text),
                "difference": text.split(" ", 1)[0],
                "interval": text.split(" ", 1)[1],
                "verdict": lead.lead(forest.better),
            }
        )
    return Markup(
        render(
            "forest.html.j2",
            rows=rows,
            head=forest.head(),
            ours=CHALLENGER,
            theirs=evaluation.opponent,
            more=len(slices) - MOST,
        )
    )
