"""Square charts of one figure over another: calibration, and how well scores rank."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from adclick.views.svg import Axis, disc, drawing, line, linear_axis, log_axis, polyline, words

SIDE = 320.0
LEFT, RIGHT, TOP, BOTTOM = 50.0, 22.0, 12.0, 44.0
# above it a range is drawn on a logarithmic axis: click rates lie crowded near 0
WIDE = 20.0

type Point = tuple[float, float]


@dataclass(frozen=True)
class Curve:
    """A named line through `points`; `style` is a class of page.css."""

    name: str
    points: Sequence[Point]
    style: str


@dataclass(frozen=True)
class Rate:
    """What was predicted of a group of impressions, and what share was clicked, surely within."""

    predicted: float
    observed: float
    low: float
    high: float


def calibration_chart(rates: Sequence[Rate]) -> Markup:
    """Observed click rates with their intervals over predicted ones, and the line of no error."""
    values = [v for r in rates for v in (r.predicted, r.observed, r.low, r.high) if _finite(v)]
    low, high = min(values, default=0.0), max(values, default=1.0)
    # a bin without a click has no place on a logarithmic axis
    logarithmic = low > 0 and high / low > WIDE
    across, up = (_rates_axis(low, high, logarithmic, *ends) for ends in _ENDS)
    parts = _frame(across, up, "predicted", "clicked")
    first, last = max(across.ticks[0], up.ticks[0]), min(across.ticks[-1], up.ticks[-1])
    parts.append(line(across.at(first), up.at(first), across.at(last), up.at(last), "diagonal"))
    banded = [r for r in rates if _finite(r.low) and _finite(r.high)]
    edge = [(across.at(r.predicted), up.at(r.low)) for r in banded]
    edge += [(across.at(r.predicted), up.at(r.high)) for r in reversed(banded)]
    if len(banded) > 1:
        parts.append(_polygon(edge))
    for r in banded:
        x = across.at(r.predicted)
        parts.append(line(x, up.at(r.low), x, up.at(r.high), "whisker"))
    parts += [disc(across.at(r.predicted), up.at(r.observed), "first") for r in rates]
    return drawing(SIDE, SIDE, "Share clicked over predicted probability", parts)


def roc_chart(curves: Sequence[Curve]) -> Markup:
    """Share of the clicks found over share of the others taken along, for each curve."""
    across, up = (_shares_axis(*ends) for ends in _ENDS)
    parts = _frame(across, up, "of those not clicked", "of the clicks")
    parts.append(line(across.at(0), up.at(0), across.at(1), up.at(1), "diagonal"))
    return drawing(SIDE, SIDE, "ROC curves", [*parts, *_lines(curves, across, up)])


def precision_recall_chart(curves: Sequence[Curve], click_rate: float) -> Markup:
    """Click rate among the highest scores over the share of all clicks that they hold."""
    across = _shares_axis(*_ENDS[0])
    most = max([click_rate, *(y for c in curves for x, y in c.points if x > 0 and _finite(y))])
    up = linear_axis(0, most, *_ENDS[1], as_percent=True)
    parts = _frame(across, up, "of the clicks", "click rate")
    parts.append(line(across.start, up.at(click_rate), across.end, up.at(click_rate), "diagonal"))
    return drawing(SIDE, SIDE, "Precision-recall curves", [*parts, *_lines(curves, across, up)])


_ENDS = ((LEFT, SIDE - RIGHT), (SIDE - BOTTOM, TOP))


def _finite(value: float) -> bool:
    return math.isfinite(value)


def _rates_axis(low: float, high: float, logarithmic: bool, start: float, end: float) -> Axis:
    if logarithmic:
        return log_axis(low, high, start, end)
    return linear_axis(min(low, high / WIDE), high, start, end, as_percent=True)


def _shares_axis(start: float, end: float) -> Axis:
    ticks = (0.0, 0.25, 0.5, 0.75, 1.0)
    return Axis(ticks, tuple(f"{100 * tick:g} %" for tick in ticks), start, end)


def _frame(across: Axis, up: Axis, across_name: str, up_name: str) -> list[Markup]:
    parts = [line(across.start, up.at(t), across.end, up.at(t), "grid") for t in up.ticks]
    parts += [line(across.at(t), up.start, across.at(t), up.end, "grid") for t in across.ticks]
    for tick, label in zip(up.ticks, up.labels, strict=True):
        parts.append(words(across.start - 6, up.at(tick) + 4, label, "end"))
    for tick, label in zip(across.ticks, across.labels, strict=True):
        parts.append(words(across.at(tick), up.start + 16, label))
    parts.append(words((across.start + across.end) / 2, SIDE - 8, across_name))
    parts.append(words(across.start + 6, up.end + 12, up_name, "start"))
    return parts


def _lines(curves: Sequence[Curve], across: Axis, up: Axis) -> list[Markup]:
    return [
        polyline(
            [(across.at(x), up.at(y)) for x, y in curve.points if _finite(x) and _finite(y)],
            f"series {curve.style}",
        )
        for curve in curves
    ]


def _polygon(points: Sequence[Point]) -> Markup:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return Markup('<polygon points="{}" class="band"/>').format(path)
