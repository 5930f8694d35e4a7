"""What moved in the clicks: their rate, and whether the last days' are all in."""

from __future__ import annotations

import math
from collections.abc import Iterator

from adclick.evaluation.estimate import Estimate
from adclick.monitoring.chance import has_moved, has_risen
from adclick.monitoring.checks import DriftChecks
from adclick.monitoring.click_change import CONFIDENCE, rate, rate_change, rate_error
from adclick.monitoring.clicks import Clicks
from adclick.monitoring.figure import Figure
from adclick.monitoring.names import CLICKED

LAST_DAYS = 7


def click_figures(reference: Clicks, current: Clicks, checks: DriftChecks) -> Iterator[Figure]:
    """The change of the click rate, and how much lower it is in the last days."""
    yield _click_rate(reference, current, checks)
    if (late := _late_labels(current, checks)) is not None:
        yield late


def _click_rate(reference: Clicks, current: Clicks, checks: DriftChecks) -> Figure:
    found = rate_change(reference, current)
    change = max(found.ratio, 1 / found.ratio) - 1
    sure = has_moved(found.logarithm)
    rates = f"{reference.rate:.2%} -> {current.rate:.2%} of impressions clicked"
    reason = f"{rates} ({found.ratio - 1:+.0%}{found.of})"
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
    before, after = rate(earlier), rate(last)
    shortfall = 1 - after / before
    # days that are not in yet differ from the others: how much days do is seen in those that are
    clicked = [sum(day[1] for day in days) + 0.5 for days in (earlier, last)]
    times_poisson = rate_error(earlier, before) * math.sqrt(clicked[0])
    error = times_poisson * math.hypot(*(1 / math.sqrt(clicks) for clicks in clicked))
    fall = Estimate.of(math.log(before / after), error, len(earlier) - 1, CONFIDENCE)
    sure = has_risen(fall)
    reason = f"click rate {before:.2%}, in the last {LAST_DAYS} days {after:.2%}"
    if sure and shortfall > checks.late_labels:
        reason += ": not all labels are in"
    return Figure("labels", CLICKED, max(shortfall, 0.0), checks.late_labels, reason, sure)
