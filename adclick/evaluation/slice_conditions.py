"""Conditions on slices, none of which may clearly be beyond its bound."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from adclick.evaluation.condition import Condition
from adclick.evaluation.estimate import Estimate, holm
from adclick.evaluation.policy import Bound, SliceBounds
from adclick.evaluation.slices import SliceFigures

type _Test = tuple[SliceFigures, str, float]


def slice_conditions(
    slices: Sequence[SliceFigures], bounds: SliceBounds, opponent: str | None
) -> Iterator[Condition]:
    """The conditions on all slices; those on changes where there is an opponent to compare with."""
    if opponent is not None and bounds.auc is not None:
        yield _no_worse("auc", "AUC", -1, bounds.auc, slices, bounds, opponent)
    if opponent is not None and bounds.normalised_entropy is not None:
        worst = bounds.normalised_entropy
        yield _no_worse(
            "normalised_entropy", "normalised entropy", 1, worst, slices, bounds, opponent
        )
    if bounds.calibration is not None:
        yield _calibrated(bounds.calibration, slices, bounds)


def _no_worse(
    metric: str,
    name: str,
    worse: int,
    margin: float,
    slices: Sequence[SliceFigures],
    bounds: SliceBounds,
    opponent: str,
) -> Condition:
    tests = []
    for one in slices:
        if (lead := one.leads.get(metric)) is not None:
            deficit = lead if worse > 0 else lead.mirrored()
            shown = f"{lead.value:+.4f} [{lead.low:+.4f}, {lead.high:+.4f}]"
            tests.append((one, shown, deficit.chance_above(margin)))
    side = "above" if worse > 0 else "below"
    return _condition(
        f"{name} minus the {opponent}'s, by slice",
        f"no slice clearly {side} {worse * margin:+g}",
        tests,
        bounds.false_alarms,
    )


def _calibrated(bound: Bound, slices: Sequence[SliceFigures], bounds: SliceBounds) -> Condition:
    tests = []
    for one in slices:
        if (ratio := one.calibration) is not None:
            # of hardly any clicks nothing is known: the interval may end at infinity
            with np.errstate(over="ignore"):
                low, value, high = np.exp([ratio.low, ratio.value, ratio.high])
            shown = f"{value:.2f} [{low:.2f}, {high:.2f}]"
            tests.append((one, shown, _chance_beyond(ratio, bound)))
    return _condition(
        "calibration by slice", f"no slice clearly beyond {bound}", tests, bounds.false_alarms
    )


def _chance_beyond(log_ratio: Estimate, bound: Bound) -> float:
    """p-value on both sides: at most one of them is small."""
    above = 1.0 if bound.most is None else log_ratio.chance_above(math.log(bound.most))
    below = 1.0 if bound.least is None else log_ratio.chance_below(math.log(bound.least))
    return min(2 * min(above, below), 1.0)


def _condition(name: str, bound: str, tests: Sequence[_Test], false_alarms: float) -> Condition:
    chances = holm([chance for _, _, chance in tests])
    beyond = [one for one, chance in zip(tests, chances, strict=True) if chance <= false_alarms]
    figure = f"none of {len(tests)} slices"
    if beyond:
        worst, shown, _ = min(beyond, key=lambda one: one[2])
        more = f" (and {len(beyond) - 1} more)" if len(beyond) > 1 else ""
        figure = f"{worst.column} {worst.value}: {shown}{more}"
    return Condition(name=name, figure=figure, bound=bound, holds=not beyond)
