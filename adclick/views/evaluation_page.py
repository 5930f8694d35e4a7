"""The page of an evaluation: the verdict, the figures, the plots, the slices, the tables."""

from __future__ import annotations

from adclick.evaluation.decision import Decision
from adclick.evaluation.evaluation import Evaluation
from adclick.views.comparison import finding, leads_table, models_table, tiles
from adclick.views.decision_page import conditions_table
from adclick.views.html import render
from adclick.views.plots import plots
from adclick.views.slices_view import all_slices, telling_slices


def evaluation_page(evaluation: Evaluation, decision: Decision | None = None) -> str:
    """HTML that shows how good the challenger is and what it was compared with.

    The first line is the decision's, or without one who predicts better. Slices are compared with
    the champion, or with the logistic regression where there is no champion.
    """
    return render(
        "evaluation.html.j2",
        evaluation=evaluation,
        decision=decision,
        finding=finding(evaluation),
        confidence=f"{100 * evaluation.confidence:g} %",
        click_rate=evaluation.clicks / evaluation.impressions,
        tiles=tiles(evaluation),
        plots=plots(evaluation),
        telling=telling_slices(evaluation),
        slices=all_slices(evaluation),
        models=models_table(evaluation),
        leads=leads_table(evaluation),
        conditions=conditions_table(decision) if decision else None,
    )
