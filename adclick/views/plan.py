"""A plan in the terminal: the sum and its range first, then step by step."""

from __future__ import annotations

import sys
from itertools import groupby

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from adclick.planning.estimate import FIXED_AT_MOST
from adclick.planning.plan import Plan, PlannedStep
from adclick.planning.ranges import Range
from adclick.planning.size import Size
from adclick.views.text import number, size

WIDTH = 200
# the largest total in seconds that a unit is for
UNITS = ((600.0, 1.0, "seconds", "s"), (36_000.0, 60.0, "minutes", "min"))
HOURS = (3600.0, "hours", "h")
# below it, what most steps cost is less than a cent
CENTS_BELOW = 1.0


def print_plan(plan: Plan) -> None:
    """Print a plan to the terminal."""
    # in a file or a pipe there is no width to keep to
    console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)
    console.print(plan_view(plan))


def plan_view(plan: Plan) -> Group:
    """What a person decides by: how long and how much, from what, what is not known."""
    facts = Table.grid(padding=(0, 1))
    facts.add_column(width=9, style="bold")
    facts.add_column(overflow="fold")
    where = f"stack {plan.stack}" + (f" in {plan.region}" if plan.region else "")
    facts.add_row("plan", f"{where}, without cache; nothing was started")
    facts.add_row("time", Text(_time(plan), "bold"))
    if plan.cost:
        facts.add_row("cost", Text(_money(plan, plan.cost), "bold"))
    facts.add_row("data", f"{plan.data}: {_size(plan.size)}")
    return Group("", facts, "", _steps(plan), "", *(Text(f"· {n}", "dim") for n in _notes(plan)))


def _time(plan: Plan) -> str:
    seconds, _, unit = _unit(plan.seconds.high)
    low, typical, high = (
        number(value / seconds, 1)
        for value in (plan.seconds.low, plan.seconds.typical, plan.seconds.high)
    )
    return f"about {typical} {unit} ({low} to {high})"


def _money(plan: Plan, cost: Range) -> str:
    digits = _digits(cost)
    low, typical, high = (number(value, digits) for value in (cost.low, cost.typical, cost.high))
    least = "about" if plan.complete else "at least about"
    return f"{least} {typical} {plan.currency} ({low} to {high})"


def _size(data: Size) -> str:
    about = "about " if data.about else ""
    parts = [f"{about}{number(data.rows, 0)} rows in {len(data.months)} months"]
    if data.creatives:
        parts.append(f"{about}{number(data.creatives, 0)} creatives")
    if data.bytes is not None:
        parts.append(f"{size(data.bytes)} of CSV")
    return ", ".join(parts)


def _steps(plan: Plan) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    seconds, unit, _ = _unit(plan.seconds.high)
    table.add_column("pipeline", style="bold")
    table.add_column("step")
    table.add_column("machine", no_wrap=True)
    table.add_column("grows with", style="dim", no_wrap=True)
    table.add_column(unit, justify="right")
    table.add_column("low - high", justify="right", style="dim")
    if plan.cost:
        table.add_column(plan.currency or "", justify="right")
        table.add_column("low - high", justify="right", style="dim")
    table.add_column("", overflow="fold")
    for pipeline, group in groupby(plan.steps, lambda step: step.pipeline):
        for position, step in enumerate(group):
            table.add_row(
                pipeline if position == 0 else "",
                step.step,
                step.machine,
                step.grows_with,
                *_cells(step.seconds.times(1 / seconds), 1),
                *(_cost(plan, step) if plan.cost else ()),
                "; ".join(_remarks(plan, step)),
            )
    return table


def _cells(range_: Range, digits: int) -> tuple[str, str]:
    low, high = number(range_.low, digits), number(range_.high, digits)
    return number(range_.typical, digits), f"{low} - {high}"


def _cost(plan: Plan, step: PlannedStep) -> tuple[str, str]:
    if step.cost is None or plan.cost is None:
        return "", ""
    return _cells(step.cost, _digits(plan.cost))


def _remarks(plan: Plan, step: PlannedStep) -> list[str]:
    file = plan.priced[0] if plan.priced else ""
    return [*(f"no price for {name} in {file}" for name in step.no_price), *step.notes]


def _notes(plan: Plan) -> list[str]:
    file, measured_on = plan.measured
    notes = [
        f"steps one after the other, each at the rate that {file} measured on {measured_on}; of a "
        f"function's time between none and {FIXED_AT_MOST:.0%} is taken not to grow with the data, "
        "since one size was measured",
        "more processors help between not at all and as much as measured; a processor is taken "
        "to be as fast as the measured ones; run.py's own start and records are "
        f"{number(plan.rest, 1)} s",
        "what would come from the cache is not known beforehand: a second run may take less",
    ]
    if plan.priced:
        table, oldest = plan.priced
        notes += [
            f"prices: {table}, the oldest read on {oldest}; its head says how to renew them",
            f"{number(plan.waiting.typical / 60, 1)} min of the time are the assumed wait for "
            "machines, paid as well; each step has a machine of its own",
            f"{number(plan.fees, 2)} {plan.currency} are fees for pipeline runs; not in the cost: "
            "retries, preemptions, image builds, storage, network, the cluster that serves",
        ]
    return notes


def _unit(seconds: float) -> tuple[float, str, str]:
    for most, unit, name, short in UNITS:
        if seconds < most:
            return unit, name, short
    return HOURS


def _digits(cost: Range) -> int:
    return 3 if cost.high < CENTS_BELOW else 2
