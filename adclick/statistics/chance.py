"""What of a change is more than chance would give in so few rows."""

from __future__ import annotations

import math

DEVIATIONS = 1.96  # chance alone exceeds them, up or down, in 5 % of months


def ratio_beyond_chance(
    before: float, after: float, before_count: float, after_count: float
) -> float:
    """The least factor, up or down, between two rates that are above 0; 1 where it may be chance.

    The counts are those of what the rates count, Poisson: the standard error of the ratio's
    logarithm is sqrt(1 / before_count + 1 / after_count). Source: Rothman, Epidemiology, 2002.
    """
    error = math.sqrt(1 / before_count + 1 / after_count)
    return math.exp(max(0.0, abs(math.log(after / before)) - DEVIATIONS * error))


def rise_beyond_chance(before: float, after: float, before_rows: float, after_rows: float) -> float:
    """The least rise between two shares of so many rows; 0 or less where it may be chance."""
    error = math.sqrt(before * (1 - before) / before_rows + after * (1 - after) / after_rows)
    return after - before - DEVIATIONS * error


def divergence_by_chance(cells: int, before_rows: float, after_rows: float) -> float:
    """Jensen-Shannon divergence in bits that samples of one distribution rarely exceed.

    2 n KL goes to a chi-square with cells - 1 degrees of freedom, whose mean is their number f and
    whose deviation is sqrt(2 f); of two samples it is (1 / before_rows + 1 / after_rows) / 8 of it.
    """
    freedom = cells - 1
    rarely = freedom + DEVIATIONS * math.sqrt(2 * freedom)
    return rarely / (8 * math.log(2)) * (1 / before_rows + 1 / after_rows)
