"""What moved in the clicks: their rate, and whether the last days' are all in."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import numpy as np

from adclick.monitoring.checks import DriftChecks
from adclick.monitoring.figure import Figure
from adclick.monitoring.names import CLICKED
from adclick.monitoring.profile import Clicks

LAST_DAYS = 7
# standard errors that a rate must have moved by before it counts
ERRORS = 3.3


def click_figures(reference: Clicks, current: Clicks, checks: DriftChecks) -> Iterator[Figure]:
    """The change of the click rate, and how much lower it is in the last days."""
    yield _click_rate(reference, current, checks)
    if (late := _late_labels(current, checks)) is not None:
        yield late


def _click_rate(reference: Clicks, current: Clicks, checks: DriftChecks) -> Figure:
    before, after = (_rate([(side.impressions, side.clicks)]) for side in (reference, current))
    ratio = after / before
    error = math.hypot(_relative_error(reference), _relative_error(current))
    change = max(ratio, 1 / ratio) - 1
    sure = abs(math.log(ratio)) > ERRORS * error
    reason = f"{before:.2%} -> {after:.2%} of impressions clicked ({ratio - 1:+.0%})"
    broken = checks.broken_click_rate - 1
    if change > broken and sure:
        reason += ": labels are wrong or not in"
        return Figure("labels", CLICKED, change, broken, reason, structural=True)
    return Figure("click rate", CLICKED, change, checks.click_rate_change, reason, sure)


def _late_labels(current: Clicks, checks: DriftChecks) -> Figure | None:
    """How much lower the click rate of the last seven days is than before."""
    if len(current.days) <= 2 * LAST_DAYS:
        return None
    earlier, last = current.days[:-LAST_DAYS], current.days[-LAST_DAYS:]
    before, after = _rate(earlier), _rate(last)
    shortfall = 1 - after / before
    # days that are not in yet differ from the others: how much days do is seen in those that are
    clicked = [sum(day[1] for day in days) + 0.5 for days in (earlier, last)]
    times_poisson = _error(earlier, before) * math.sqrt(clicked[0])
    error = times_poisson * math.hypot(*(1 / math.sqrt(clicks) for clicks in clicked))
    sure = -math.log(after / before) > ERRORS * error
    reason = f"click rate {before:.2%}, in the last {LAST_DAYS} days {after:.2%}"
    if sure and shortfall > checks.late_labels:
        reason += ": not all labels are in"
    return Figure("labels", CLICKED, max(shortfall, 0.0), checks.late_labels, reason, sure)


def _rate(groups: Iterable[tuple[int, int]]) -> float:
    """Clicks per impression; half a click keeps ratios finite where nothing was clicked."""
    shown, clicked = (float(sum(part)) for part in zip(*groups, strict=True))
    return (clicked + 0.5) / (shown + 0.5)


def _relative_error(clicks: Clicks) -> float:
    """Standard error of the logarithm of the rate: ads are not clicked alike, nor are days."""
    whole = [(clicks.impressions, clicks.clicks)]
    groups = (whole, clicks.days, tuple(clicks.creatives.values()))
    return max(_error(group, clicks.rate) for group in groups if group)


def _error(groups: Iterable[tuple[int, int]], rate: float) -> float:
    """From groups of impressions and clicks that are independent of each other.

    At least what Poisson's distribution gives of so many clicks. Source: Cochran, Sampling
    Techniques, 1977, chapter 6 (ratio estimates).
    """
    shown, clicked = np.array(list(groups), np.float64).T
    total, count = shown.sum(), int((shown > 0).sum())
    poisson = 1 / (clicked.sum() + 0.5)
    if count < 2 or not rate:
        return math.sqrt(poisson)
    squares = float(((clicked - rate * shown) ** 2).sum()) * count / (count - 1)
    return math.sqrt(max(squares / (rate * total) ** 2, poisson))
