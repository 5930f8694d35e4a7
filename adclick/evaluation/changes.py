"""Conditions on how the challenger's metrics differ from another model's."""

from __future__ import annotations

import math
from collections.abc import Iterator

from adclick.evaluation.condition import Condition
from adclick.evaluation.evaluation import ModelFigures
from adclick.evaluation.intervals import Figure
from adclick.evaluation.metrics import BETTER
from adclick.evaluation.naming import NAMES, digits
from adclick.evaluation.policy import Change, Changes

# narrowing an interval so many times takes the square of that in rows, which nobody has
MOST_TIMES = 1000


def change_conditions(
    other: ModelFigures, changes: Changes, impressions: int
) -> Iterator[Condition]:
    """The conditions on challenger minus other; `impressions` are what they were measured on."""
    assert other.challenger_minus is not None
    for metric in type(changes).model_fields:
        change: Change | None = getattr(changes, metric)
        if change is not None:
            lead = other.challenger_minus[metric]
            yield _condition(other.name, metric, lead, change, impressions)


def _condition(
    other: str, metric: str, lead: Figure, change: Change, impressions: int
) -> Condition:
    sign = BETTER[metric]
    value = sign * lead.value
    low, high = (lead.low, lead.high) if sign > 0 else (-lead.high, -lead.low)
    known = math.isfinite(low) and math.isfinite(high)
    bound = change.margin if change.rule == "better" else -change.margin
    if change.rule == "not-worse":
        holds, undecided = known and high >= bound, False
    else:
        holds = known and low > bound
        undecided = not (holds or (known and high <= bound))
    shown = digits(metric)
    return Condition(
        name=f"{NAMES[metric]} minus the {other}'s",
        figure=f"{lead.value:+.{shown}f} [{lead.low:+.{shown}f}, {lead.high:+.{shown}f}]",
        bound=_in_words(change, sign, sign * bound),
        holds=holds,
        undecided=undecided,
        rows_needed=_rows_needed(value - bound, low - value, high - value, impressions)
        if undecided
        else None,
    )


def _in_words(change: Change, sign: int, bound: float) -> str:
    shown = f"{bound:+g}" if bound else "0"
    side = "above" if sign > 0 else "below"
    if change.rule == "not-worse":
        return f"interval reaches {shown} or {side}"
    return f"whole interval {side} {shown}"


def _rows_needed(distance: float, low: float, high: float, impressions: int) -> int | None:
    """Impressions with which an interval, as wide as 1 / sqrt(impressions), would end at the bound.

    `low` and `high` are how far it reaches from the value now, `distance` is from bound to value.
    """
    reach = -low if distance > 0 else high
    # as good as no distance, or no interval to go by
    if not abs(reach) < MOST_TIMES * abs(distance):
        return None
    needed = impressions * (reach / distance) ** 2
    unit: int = 10 ** max(math.floor(math.log10(needed)) - 1, 0)
    return int(math.ceil(needed / unit) * unit)
