"""The page of a judgement: the verdict, what to do, and what to look at first."""

from __future__ import annotations

from adclick.monitoring.alert import ADVICE
from adclick.monitoring.verdict import Judgement
from adclick.views.html import render


def judgement_page(judgement: Judgement) -> str:
    """HTML that says how the model in production does, and why it is judged so."""
    return render("judgement.html.j2", judgement=judgement, advice=ADVICE[judgement.verdict])
