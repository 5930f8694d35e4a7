"""Axes of inline SVG charts: round ticks, and where a value lies between them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from markupsafe import Markup

from adclick.views import text

# below it floats lose their digits
LEAST_WIDTH = 1e-300


@dataclass(frozen=True)
class Axis:
    """Values from the first to the last of `ticks` on the pixels from `start` to `end`."""

    ticks: tuple[float, ...]
    labels: tuple[str, ...]
    start: float
    end: float
    logarithmic: bool = False

    def at(self, value: float) -> float:
        """The pixel of a value."""
        low, high = self.ticks[0], self.ticks[-1]
        if self.logarithmic:
            low, high, value = math.log(low), math.log(high), math.log(value)
        return self.start + (self.end - self.start) * (value - low) / (high - low)


def linear_axis(
    low: float, high: float, start: float, end: float, *, as_percent: bool = False
) -> Axis:
    """An axis with four to seven round ticks that reaches from `low` to `high` or further."""
    # values as good as equal would leave no room for ticks between them
    if high - low <= max(1e-9 * max(abs(low), abs(high)), LEAST_WIDTH):
        high = low + (abs(low) if abs(low) > LEAST_WIDTH else 1) / 10
    step = _round_up((high - low) / 5)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = tuple(multiple * step for multiple in range(first, last + 1))
    return Axis(ticks, _labels(ticks, step, as_percent), start, end)


def log_axis(low: float, high: float, start: float, end: float) -> Axis:
    """A logarithmic axis of percentages with ticks at 1, 2 and 5, or at 1 only where they are many.

    `low` is above 0.
    """
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    digits = (1, 2, 5) if high / low < 1000 else (1,)
    ticks = [digit * 10.0**decade for decade in decades for digit in digits]
    first = max(i for i, tick in enumerate(ticks) if tick <= low * (1 + 1e-9))
    last = min(i for i, tick in enumerate(ticks) if tick >= high * (1 - 1e-9))
    chosen = tuple(ticks[first : max(last, first + 1) + 1])
    labels = tuple(f"{text.significant(100 * tick)} %" for tick in chosen)
    return Axis(chosen, labels, start, end, logarithmic=True)


def _round_up(step: float) -> float:
    decade = 10.0 ** math.floor(math.log10(step))
    return next(digit * decade for digit in (1, 2, 5, 10) if digit * decade >= step * (1 - 1e-9))


def _labels(ticks: tuple[float, ...], step: float, as_percent: bool) -> tuple[str, ...]:
    factor, unit = (100, " %") if as_percent else (1, "")
    digits = max(0, -math.floor(math.log10(step * factor) + 1e-9))
    return tuple(f"{text.number(tick * factor, digits)}{unit}" for tick in ticks)


def drawing(width: float, height: float, label: str, parts: list[Markup]) -> Markup:
    """An SVG element of these parts; `label` says in words what it shows."""
    return Markup(
        '<svg role="img" aria-label="{}" viewBox="0 0 {:g} {:g}" width="{:g}" height="{:g}">'
        "{}</svg>"
    ).format(label, width, height, width, height, Markup("").join(parts))


def line(x1: float, y1: float, x2: float, y2: float, style: str) -> Markup:
    """A straight line; `style` is a class of page.css."""
    return Markup('<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}" class="{}"/>').format(
        x1, y1, x2, y2, style
    )


def words(x: float, y: float, content: str, anchor: str = "middle") -> Markup:
    """Text on the baseline y; `anchor` is which part of it lies at x: start, middle or end."""
    return Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(
        x, y, anchor, content
    )


def disc(x: float, y: float, style: str) -> Markup:
    """A round mark, for the challenger and for plain series."""
    return Markup('<circle cx="{:.1f}" cy="{:.1f}" r="4" class="{}"/>').format(x, y, style)


def diamond(x: float, y: float, style: str) -> Markup:
    """A mark that is told from a disc without colour."""
    return Markup('<path d="M{:.1f} {:.1f}l5 5-5 5-5-5z" class="{}"/>').format(x, y - 5, style)


def polyline(points: list[tuple[float, float]], style: str) -> Markup:
    """Straight lines from point to point."""
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return Markup('<polyline points="{}" class="{}"/>').format(path, style)
