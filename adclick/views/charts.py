"""The charts of the pages: series over time, calibration, and dots in a table's rows."""

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
    log_axis,
    polyline,
    words,
)

WIDTH, HEIGHT = 760.0, 200.0
LEFT, RIGHT, TOP, BOTTOM = 72.0, 12.0, 12.0, 26.0
SQUARE = 380.0
DOTS_WIDTH, DOTS_HEIGHT = 180.0, 18.0
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


def calibration_chart(points: Sequence[tuple[float, float]]) -> Markup:
    """Observed click rate over predicted probability, and the diagonal on which both are equal.

    Logarithmic where nothing is 0, because click rates lie crowded near 0.
    """
    across = _rate_axis(points, 64, SQUARE - 26)
    up = _rate_axis(points, SQUARE - 52, TOP)
    parts = [line(across.start, up.at(t), across.end, up.at(t), "grid") for t in up.ticks]
    parts += [line(across.at(t), up.start, across.at(t), up.end, "grid") for t in across.ticks]
    for tick, label in zip(up.ticks, up.labels, strict=True):
        parts.append(words(across.start - 8, up.at(tick) + 4, label, "end"))
        parts.append(words(across.at(tick), up.start + 18, label))
    parts.append(line(across.start, up.start, across.end, up.end, "diagonal"))
    parts.append(words((across.start + across.end) / 2, SQUARE - 10, "predicted"))
    parts.append(words(across.start + 6, up.end + 12, "observed", "start"))
    parts += [
        disc(across.at(predicted), up.at(observed), "first") for predicted, observed in points
    ]
    return drawing(SQUARE, SQUARE, "Observed click rate over predicted probability", parts)


def _rate_axis(points: Sequence[tuple[float, float]], start: float, end: float) -> Axis:
    low, high = min(map(min, points)), max(map(max, points))
    if low > 0:
        return log_axis(low, high, start, end)
    return linear_axis(0, high, start, end, as_percent=True)


def dots_axis(values: Sequence[float]) -> Axis:
    """The axis that the dots of all rows of a table share; 0 to 1 where no value is finite."""
    finite = [value for value in values if math.isfinite(value)] or [0.0, 1.0]
    return linear_axis(min(finite), max(finite), 20, DOTS_WIDTH - 20)


def dots_head(axis: Axis) -> Markup:
    """The ticks of `axis`, for the head of the column with the dots."""
    ends = [0, len(axis.ticks) // 2, len(axis.ticks) - 1]
    parts = [words(axis.at(axis.ticks[i]), 13, axis.labels[i]) for i in dict.fromkeys(ends)]
    return drawing(DOTS_WIDTH, DOTS_HEIGHT, "Axis", parts)


def dots(axis: Axis, first: float, second: float) -> Markup:
    """Two values of one row: `first` as a disc, `second` as a diamond."""
    middle = DOTS_HEIGHT / 2
    parts = [line(axis.at(tick), 0, axis.at(tick), DOTS_HEIGHT, "grid") for tick in axis.ticks]
    if math.isfinite(first) and math.isfinite(second):
        parts.append(line(axis.at(first), middle, axis.at(second), middle, "span"))
    if math.isfinite(second):
        parts.append(diamond(axis.at(second), middle, "second"))
    if math.isfinite(first):
        parts.append(disc(axis.at(first), middle, "first"))
    return drawing(DOTS_WIDTH, DOTS_HEIGHT, "Both values", parts)
