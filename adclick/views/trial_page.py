"""The page of a canary's trial: what came of it, and every condition behind that."""

from __future__ import annotations

from adclick.canary.judgement import CanaryCondition
from adclick.canary.trial import CanaryTrial
from adclick.views.decision_page import HEADS, OUTCOMES
from adclick.views.html import render, table


def trial_page(trial: CanaryTrial) -> str:
    """HTML that says what became of a new version beside the champion, and why."""
    rows = [_row(condition) for condition in trial.conditions]
    return render("trial.html.j2", trial=trial, conditions=table(HEADS, rows, len(HEADS)))


def _row(condition: CanaryCondition) -> tuple[str, ...]:
    return condition.name, condition.figure, condition.bound, OUTCOMES[condition.outcome]
