"""A forest plot: a difference with its interval a row, as wide as its column is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from adclick.evaluation.intervals import Figure
from adclick.views.svg import Axis, linear_axis

MIDDLE, HEIGHT = 20, 40


@dataclass(frozen=True)
class Forest:
    """The axis that all rows share, in per cent of the column.

    `better` is 1 where more of the figure is better, else -1. Intervals that reach beyond the axis
    are cut off at its ends.
    """

    axis: Axis
    better: int

    @classmethod
    def of(cls, figures: Sequence[Figure], better: int) -> Forest:
        """A forest with room for all figures, and for three quarters of their intervals."""
        values = [figure.value for figure in figures if math.isfinite(figure.value)]
        reaches = sorted(
            max(abs(figure.low), abs(figure.high)) for figure in figures if _drawn(figure)
        )
        usual = reaches[3 * len(reaches) // 4] if reaches else 0.0
        most = max([usual, *map(abs, values)], default=0.0)
        most = most or 1.0
        return cls(linear_axis(-most, most, 2, 98), better)

    def head(self) -> Markup:
        """The axis' ends and zero, for the head of the column."""
        shown = (self.axis.ticks[0], 0.0, self.axis.ticks[-1])
        labels = dict(zip(self.axis.ticks, self.axis.labels, strict=True))
        anchors = ("start", "middle", "end")
        texts = [
            Markup('<text x="{:.1f}%" y="26" text-anchor="{}">{}</text>').format(
                self.axis.at(value), anchor, labels.get(value, "0")
            )
            for value, anchor in zip(shown, anchors, strict=True)
        ]
        return _svg("axis", texts)

    def row(self, figure: Figure, label: str) -> Markup:
        """A dot on its interval, coloured by whether all of it is better or worse than 0."""
        parts = [_line(self.axis.at(0), self.axis.at(0), 0, HEIGHT, "zero")]
        style = figure.lead(self.better)
        if _drawn(figure):
            low, high = (self._within(value) for value in (figure.low, figure.high))
            parts.append(_line(low, high, MIDDLE, MIDDLE, style))
        if math.isfinite(figure.value):
            parts.append(
                Markup('<circle cx="{:.2f}%" cy="{}" r="4" class="{}"/>').format(
                    self._within(figure.value), MIDDLE, style
                )
            )
        return _svg(label, parts)

    def _within(self, value: float) -> float:
        return min(98.0, max(2.0, self.axis.at(value)))


def _drawn(figure: Figure) -> bool:
    return math.isfinite(figure.low) and math.isfinite(figure.high)


def _line(x1: float, x2: float, y1: float, y2: float, style: str) -> Markup:
    return Markup('<line x1="{:.2f}%" x2="{:.2f}%" y1="{}" y2="{}" class="{}"/>').format(
        x1, x2, y1, y2, style
    )


def _svg(label: str, parts: Sequence[Markup]) -> Markup:
    return Markup('<svg role="img" aria-label="{}" class="lead">{}</svg>').format(
        label, Markup("").join(parts)
    )
