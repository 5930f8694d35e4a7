"""The page of a scored log: what has a score, what has none and why, and where it lies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from markupsafe import Markup

from adclick.scoring.scores import ScoredMonth, Scores
from adclick.views.html import render, table
from adclick.views.text import count, percent, shortened

MOST_REASONS = 20
KINDS = ("known", "new", "unknown")


def scores_page(scores: Scores) -> str:
    """HTML that shows whether the scores are whole: rows in, scored and not, by month and reason.

    Reads nothing but the manifest.
    """
    months, reasons = _months(scores.months), _reasons(scores)
    return render("scores.html.j2", scores=scores, months=months, reasons=reasons)


def _months(months: Iterable[ScoredMonth]) -> Markup:
    heads = ("month", "rows in", "scored", "without a score", "share", *KINDS)
    rows = [
        (
            month.name,
            count(month.rows_in),
            count(month.rows_scored),
            count(month.rows_unscored),
            percent(month.unscored_share),
            *(count(month.creatives.get(kind, 0)) for kind in KINDS),
        )
        for month in months
    ]
    return table(heads, rows)


def _reasons(scores: Scores) -> Markup:
    reasons: Counter[str] = Counter()
    for month in scores.months:
        reasons.update(month.reasons)
    rows = [
        (shortened(reason, 160), count(found), percent(found / scores.rows_in))
        for reason, found in reasons.most_common()
    ]
    return table(("reason", "rows", "of rows in"), rows, most=MOST_REASONS)
