"""The page of an evaluation: models side by side, the challenger's lead, calibration, slices."""

from __future__ import annotations

from adclick.evaluation.decision import Decision
from adclick.evaluation.evaluation import Evaluation
from adclick.views.comparison import (
    against_whom,
    bins_table,
    calibration_plot,
    leads_table,
    models_table,
    slices_table,
)
from adclick.views.html import render


def evaluation_page(evaluation: Evaluation, decision: Decision | None = None) -> str:
    """HTML that shows how good the challenger is and what it was compared with.

    With a decision its verdict is the first line. Slices are compared with the champion, or with
    the logistic regression where there is no champion.
    """
    against = against_whom(evaluation)
    return render(
        "evaluation.html.j2",
        evaluation=evaluation,
        decision=decision,
        confidence=f"{100 * evaluation.confidence:g} %",
        click_rate=evaluation.clicks / evaluation.impressions,
        models=models_table(evaluation),
        leads=leads_table(evaluation),
        curve=calibration_plot(evaluation.calibration_curve),
        bins=bins_table(evaluation.calibration_curve),
        slices=slices_table(evaluation.slices, against),
        against=against,
    )
