"""Charts of series over time."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from adclick.views.svg import (
    Axis,
    diamond,
    disc,
    drawing,
    line,
    linear_axis,
    polyline,
    words,
)

WIDTH, HEIGHT = 760.0, 200.0
LEFT, RIGHT, TOP, BOTTOM = 72.0, 12.0, 12.0, 26.0
MOST_LABELS = 13


def bar_chart(title: str, labels: Sequence[str], values: Sequence[float]) -> Markup:
    """A bar from 0 per label, for counts."""
    up = linear_axis(0, max(values), HEIGHT - BOTTOM, TOP)
    across = _positions(len(values))
    width = min(48.0, 0.7 * (WIDTH - LEFT - RIGHT) / len(values))
    bars = [
        Markup('<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" class="bar"/>').format(
            x - width / 2, up.at(value), width, up.at(0) - up.at(value)
        )
        for x, value in zip(across, values, strict=True)
    ]
    return drawing(WIDTH, HEIGHT, title, [*_grid(up), *_names(across, labels), *bars])


def line_chart(
    title: str,
    labels: Sequence[str],
    values: Sequence[float],
    *,
    as_percent: bool = False,
    from_zero: bool = False,
    marked: int | None = None,
) -> Markup:
    """A point per label, joined by a line; values that are not finite are left out.

    `marked` is the position of the point that matters most.
    """
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return Markup("<p>No finite number to draw.</p>")
    low = 0.0 if from_zero else min(finite)
    up = linear_axis(low, max(finite), HEIGHT - BOTTOM, TOP, as_percent=as_percent)
    across = _positions(len(values))
    points = [
        (x, up.at(value)) for x, value in zip(across, values, strict=True) if math.isfinite(value)
    ]
    marks = [disc(x, y, "first") for x, y in points]
    if marked is not None:
        marks.append(diamond(across[marked], up.at(values[marked]), "second"))
    parts = [*_grid(up), *_names(across, labels), polyline(points, "series"), *marks]
    return drawing(WIDTH, HEIGHT, title, parts)


def _positions(count: int) -> list[float]:
    band = (WIDTH - LEFT - RIGHT) / count
    return [LEFT + band * (position + 0.5) for position in range(count)]


def _grid(up: Axis) -> list[Markup]:
    lines = [line(LEFT, up.at(tick), WIDTH - RIGHT, up.at(tick), "grid") for tick in up.ticks]
    labels = zip(up.ticks, up.labels, strict=True)
    return lines + [words(LEFT - 8, up.at(tick) + 4, label, "end") for tick, label in labels]


def _names(across: Sequence[float], labels: Sequence[str]) -> list[Markup]:
    every = math.ceil(len(labels) / MOST_LABELS)
    named = list(zip(across, labels, strict=True))[::every]
    return [words(x, HEIGHT - 6, label) for x, label in named]
