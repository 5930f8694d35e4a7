"""Columns that hold what they should not: in another unit, or what is another column's."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import numpy as np

from adclick.arrays import Float64
from adclick.monitoring.cells import scale
from adclick.monitoring.checks import DriftChecks
from adclick.monitoring.distribution import Numbers, Values
from adclick.monitoring.figure import Figure
from adclick.monitoring.profile import Profile

SHARES = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
# quantiles of one distribution in two units differ by one factor, but for rounding and chance
SAME_FACTOR = 1.5
# of a column that holds another one's values: how much it has in common with that one, and with
# what it held before
ALIKE, UNLIKE = 0.5, 0.25


def unit_figures(reference: Profile, current: Profile, checks: DriftChecks) -> Iterator[Figure]:
    """Numeric columns whose values are all so many times as large or small as before."""
    for column, numbers in reference.numbers.items():
        if column in current.numbers:
            factor = _factor(numbers, current.numbers[column])
            times = max(factor, 1 / factor)
            if times > checks.unit_factor:
                kind = "large" if factor > 1 else "small"
                about = float(f"{times:.1g}")
                reason = f"values are about {about:g} times as {kind}: a change of unit"
                yield Figure("unit", column, times, checks.unit_factor, reason, structural=True)


def _factor(before: Numbers, after: Numbers) -> float:
    """How many times as large the numbers above 0 are; 1 where that differs from part to part."""
    quantiles = [_positive_quantiles(numbers) for numbers in (before, after)]
    if any(found is None for found in quantiles):
        return 1.0
    ratios = np.asarray(quantiles[1]) / np.asarray(quantiles[0])
    if ratios.max() > SAME_FACTOR * ratios.min():
        return 1.0
    return float(np.median(ratios))


def _positive_quantiles(numbers: Numbers) -> Float64 | None:
    places, shown = numbers.cells
    places, shown = places[places > 0], shown[places > 0]
    if not len(places):
        return None
    return np.asarray(places[np.searchsorted(shown.cumsum() / shown.sum(), SHARES)])


def swap_figures(reference: Profile, current: Profile, drifted: Iterable[str]) -> Iterator[Figure]:
    """Drifted columns that hold what another column of the reference held."""
    for column in drifted:
        kind = reference.values if column in reference.values else reference.numbers
        alike = {
            other: _in_common(reference, current, column, other)
            for other in kind
            if other != column
        }
        if not alike:
            continue
        other = max(alike, key=lambda name: alike[name])
        own = _in_common(reference, current, column, column)
        if alike[other] > ALIKE and own < UNLIKE * alike[other]:
            reason = f"holds what column {other} held: {alike[other]:.0%} alike, {own:.0%} its own"
            yield Figure("swapped columns", column, alike[other], ALIKE, reason, structural=True)


def _in_common(reference: Profile, current: Profile, column: str, other: str) -> float:
    """How much of the column now lies where `other` lay: the overlap of distributions, 0 to 1."""
    if column in reference.values:
        return _overlap(reference.values[other], current.values[column])
    before, after = reference.numbers[other], current.numbers[column]
    # numbers of other columns are alike by their places, in the other's own spread
    apart = abs(after.mean - before.mean) / scale(before)
    wider = abs(math.log(scale(after) / scale(before)))
    return math.exp(-(apart + wider))


def _overlap(before: Values, after: Values) -> float:
    shared = before.counts.keys() & after.counts.keys()
    return sum(
        min(before.counts[value] / before.total, after.counts[value] / after.total)
        for value in sorted(shared)
    )
