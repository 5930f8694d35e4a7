"""Drawings as small as a cell of a table."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from adclick.views.svg import drawing

BARS = 12
BAND, HEIGHT = 5, 30


def month_bars(label: str, shares: Sequence[float], most: float) -> Markup:
    """Up to BARS bars of one month's distribution; `most` is the tallest of all months'.

    One path of whole pixels across: a page has hundreds of them, and is to stay small.
    """
    bars = [
        f"M{number * BAND} {HEIGHT}v{-HEIGHT * share / most:.1f}h{BAND - 1}V{HEIGHT}"
        for number, share in enumerate(shares)
        if share > 0
    ]
    path = Markup('<path d="{}" class="bar"/>').format("".join(bars))
    return drawing(BARS * BAND, HEIGHT, label, [path])
