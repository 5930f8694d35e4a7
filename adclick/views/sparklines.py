"""Drawings as small as a cell of a table: a month's distribution, a year's days."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from adclick.views.svg import drawing, line

MONTH_WIDTH, MONTH_HEIGHT = 56.0, 30.0


def month_bars(label: str, shares: Sequence[float], most: float) -> Markup:
    """Bars (n,) of one month's distribution; `most` is the share that all months' tallest have."""
    return drawing(
        MONTH_WIDTH,
        MONTH_HEIGHT,
        label,
        [
            bars(shares, most, MONTH_WIDTH, MONTH_HEIGHT - 1),
            line(0, MONTH_HEIGHT - 0.5, MONTH_WIDTH, MONTH_HEIGHT - 0.5, "grid"),
        ],
    )


def bars(values: Sequence[float], most: float, width: float, height: float) -> Markup:
    """Bars of values from 0 to `most` on the ground at `height`, as one path: pages stay small."""
    band = width / max(1, len(values))
    gap = band / 6
    drawn = [
        f"M{number * band + gap:.1f} {height:g}v{-height * value / most:.1f}h{band - 2 * gap:.1f}"
        f"V{height:g}z"
        for number, value in enumerate(values)
        if value > 0
    ]
    return Markup('<path d="{}" class="bar"/>').format("".join(drawn))
