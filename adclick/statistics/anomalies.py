"""What in a log's months a person should know of before a model learns from them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median
from typing import Literal

from adclick.schema import Schema
from adclick.statistics.anomaly import Anomaly, AnomalyOptions
from adclick.statistics.column_checks import Change, changes, missing_rise, vanished
from adclick.statistics.month import MonthStatistics
from adclick.statistics.month_checks import check_month, check_months

type _History = defaultdict[tuple[str, str], list[float]]


def find_anomalies(
    months: Sequence[MonthStatistics], schema: Schema, options: AnomalyOptions
) -> tuple[Anomaly, ...]:
    """All anomalies of the months, in their order: each against the schema and the month before.

    Errors are a month without clicks or without anything else, from which nothing can be learned,
    and a column that is empty in the newest month. In an older one that is a warning: a run cannot
    mend it, and models were made of it.
    """
    found = [list(check_month(month, schema)) for month in months]
    history: _History = defaultdict(list)
    for position, (before, after) in enumerate(pairwise(months), start=1):
        newest = position == len(months) - 1
        found[position] += check_months(before, after, options)
        for name in after.columns:
            found[position] += _of_column(before, after, name, options, history, newest)
    return tuple(anomaly for of_month in found for anomaly in of_month)


def _of_column(
    before: MonthStatistics,
    after: MonthStatistics,
    name: str,
    options: AnomalyOptions,
    history: _History,
    newest: bool,
) -> Iterator[Anomaly]:
    moved = list(changes(before, after, name, options))
    usual = {change.check: tuple(history[name, change.check]) for change in moved}
    for change in moved:
        history[name, change.check].append(change.figure)
    if (gone := vanished(before, after, name)) is not None:
        empty = after.columns[name].defaults == after.rows
        severity: Literal["error", "warning"] = "error" if empty and newest else "warning"
        advice = " (give it role `ignored` if that is meant)" if severity == "error" else ""
        yield Anomaly(
            severity=severity,
            month=after.month,
            check="vanished column",
            column=name,
            what=gone + advice,
        )
        return
    if (rise := missing_rise(before, after, name, options)) is not None:
        yield Anomaly(
            severity="warning", month=after.month, check="missing", column=name, what=rise
        )
    for change in moved:
        if _unusual(change, usual[change.check], options.times_usual):
            yield Anomaly(
                severity="warning",
                month=after.month,
                check=change.check,
                column=name,
                what=_with_bound(change, usual[change.check]),
            )


def _unusual(change: Change, earlier: Sequence[float], times: float) -> bool:
    if not change.beyond:
        return False
    if not earlier:
        return not change.by_usual
    return change.figure > times * median(earlier)


def _with_bound(change: Change, earlier: Sequence[float]) -> str:
    form = ".2f" if change.check == "distribution" else ".1%"
    usual = f", usually {median(earlier):{form}}" if earlier else ""
    return f"{change.what}: more than {change.bound:{form}}{usual}"
