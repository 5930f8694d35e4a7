"""What is unusual about a month as a whole."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from adclick.schema import Schema
from adclick.statistics.anomaly import Anomaly, AnomalyOptions, Check
from adclick.statistics.chance import same_rate, same_share
from adclick.statistics.month import MonthStatistics

NEAR_LIMIT = 0.5


def check_month(month: MonthStatistics, schema: Schema) -> Iterator[Anomaly]:
    """Anomalies of a month that need no other to compare with."""
    if month.clicks in (0, month.impressions):
        what = f"{month.clicks:,} clicks of {month.impressions:,} impressions: check the label"
        yield _anomaly(month, "clicks", what, "error")
    if month.bad_share > NEAR_LIMIT * schema.max_bad_share:
        reason, rows = max(month.reasons.items(), key=lambda item: item[1])
        what = (
            f"{month.bad_share:.1%} of rows in quarantine, over half of the "
            f"{schema.max_bad_share:.1%} that stop a run; most often {reason} ({rows:,})"
        )
        yield _anomaly(month, "quarantine", what)


def check_months(
    before: MonthStatistics, after: MonthStatistics, options: AnomalyOptions
) -> Iterator[Anomaly]:
    """Anomalies of `after` as a whole against the month before it in the log."""
    if np.datetime64(before.month, "M") + 1 != np.datetime64(after.month, "M"):
        yield _anomaly(after, "gap", f"the month before it in the log is {before.month}")
    yield from _impressions(before, after, options.impressions_factor)
    yield from _click_rate(before, after, options.click_rate_factor)
    yield from _reasons(before, after, options.reason_rise)
    yield from _undeclared(before, after)


def _impressions(
    before: MonthStatistics, after: MonthStatistics, bound: float
) -> Iterator[Anomaly]:
    shown = before.impressions, after.impressions
    factor = after.impressions / before.impressions
    apart = not same_rate(*shown, before.effective_rows, after.effective_rows)
    if max(factor, 1 / factor) > bound and apart:
        what = (
            f"{after.impressions:,} impressions after {before.impressions:,}, "
            f"{factor:.2f} times as many: beyond a factor of {bound:g}"
        )
        yield _anomaly(after, "impressions", what)


def _click_rate(before: MonthStatistics, after: MonthStatistics, bound: float) -> Iterator[Anomaly]:
    if not before.clicks or not after.clicks:
        return
    factor = after.click_rate / before.click_rate
    apart = not same_rate(before.click_rate, after.click_rate, before.clicks, after.clicks)
    if max(factor, 1 / factor) > bound and apart:
        what = (
            f"click rate {after.click_rate:.2%} after {before.click_rate:.2%}, "
            f"{factor:.2f} times as high: beyond a factor of {bound:g}"
        )
        yield _anomaly(after, "click rate", what)


def _reasons(before: MonthStatistics, after: MonthStatistics, bound: float) -> Iterator[Anomaly]:
    for reason, rows in after.reasons.items():
        share, now = before.reasons.get(reason, 0) / before.rows_in, rows / after.rows_in
        apart = not same_share(share, now, before.rows_in, after.rows_in)
        if now - share > bound and apart:
            what = (
                f"{now:.1%} of rows in quarantine as {reason}, after {share:.1%}: "
                f"a rise of more than {bound:.1%}"
            )
            yield _anomaly(after, "reason", what)


def _undeclared(before: MonthStatistics, after: MonthStatistics) -> Iterator[Anomaly]:
    old, new = set(before.undeclared_columns), set(after.undeclared_columns)
    for what, names in (("appeared", new - old), ("vanished", old - new)):
        if names:
            listed = ", ".join(sorted(names)[:10])
            yield _anomaly(
                after,
                "undeclared columns",
                f"columns that the schema does not name {what}: {listed}",
            )


def _anomaly(month: MonthStatistics, check: Check, what: str, severity: str = "warning") -> Anomaly:
    found = {"severity": severity, "month": month.month, "check": check, "what": what}
    return Anomaly.model_validate({**found, "column": None})
