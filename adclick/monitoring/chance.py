"""When a change of a figure is no chance: the one rate of false alarms that monitoring allows."""

from __future__ import annotations

from adclick.evaluation.estimate import Estimate

# how often a figure of a month without a fault seems to have moved one way: of the half a dozen
# figures on clicks and scores one in a hundred months
FALSE_ALARMS = 0.002


def has_risen(change: Estimate) -> bool:
    """Whether a change is above 0 by more than chance, by Student's t."""
    return is_no_chance(change.chance_above(0))


def has_moved(change: Estimate) -> bool:
    """Whether a change is above or below 0 by more than chance, by Student's t."""
    return has_risen(change) or has_risen(change.mirrored())


def is_no_chance(p_value: float) -> bool:
    """Whether a one-sided p-value is below the rate of false alarms."""
    return p_value < FALSE_ALARMS
