"""The page of a decision: the verdict, and every condition behind it."""

from __future__ import annotations

from markupsafe import Markup

from adclick.evaluation.condition import Condition
from adclick.evaluation.decision import Decision
from adclick.views.html import render, table

HEADS = ("condition", "figure", "bound", "result")
OUTCOMES = {
    "holds": Markup('<span class="first-text unbroken">✓ holds</span>'),
    "undecided": Markup('<span class="aside unbroken">? undecided</span>'),
    "fails": Markup('<span class="second-text unbroken">✗ fails</span>'),
}


def decision_page(decision: Decision) -> str:
    """HTML that says whether the challenger goes to production, and why or why not."""
    return render("decision.html.j2", decision=decision, conditions=conditions_table(decision))


def conditions_table(decision: Decision) -> Markup:
    """Every condition with its figure and bound, and whether it holds."""
    rows = [_row(condition) for condition in decision.conditions]
    return table(HEADS, rows, text_columns=len(HEADS))


def _row(condition: Condition) -> tuple[str, ...]:
    return condition.name, condition.figure, condition.bound, OUTCOMES[condition.verdict]
