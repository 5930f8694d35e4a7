"""What in a log's months a person should know of before a model learns from them."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from adclick.adlog import AdLog, Month
from adclick.errors import AdclickError

CLICK_RATE_JUMP = 1.5


class Anomaly(BaseModel):
    """Something unusual about a month; errors stop a run, warnings do not."""

    model_config = ConfigDict(frozen=True)

    severity: Literal["error", "warning"]
    month: str
    what: str


class Validation(BaseModel):
    """All anomalies of a log."""

    model_config = ConfigDict(frozen=True)

    anomalies: tuple[Anomaly, ...]


def validate_log(log: AdLog) -> Validation:
    """The log's anomalies, all of them warnings; raises AdclickError with the first error."""
    found = [anomaly for month in log.months for anomaly in _of_month(month, log)]
    for before, after in zip(log.months, log.months[1:], strict=False):
        found += _of_neighbours(before, after)
    for anomaly in found:
        if anomaly.severity == "error":
            raise AdclickError(f"month {anomaly.month}: {anomaly.what}")
    return Validation(anomalies=tuple(found))


def _of_month(month: Month, log: AdLog) -> list[Anomaly]:
    found = []
    if month.clicks in (0, month.impressions):
        what = f"{month.clicks:,} clicks of {month.impressions:,} impressions: check the label"
        found.append(Anomaly(severity="error", month=month.month, what=what))
    if month.bad_share > log.ad_schema.max_bad_share / 2:
        what = f"{month.bad_share:.1%} of rows in quarantine, over half of what is allowed"
        found.append(Anomaly(severity="warning", month=month.month, what=what))
    return found


def _of_neighbours(before: Month, after: Month) -> list[Anomaly]:
    found = []
    if np.datetime64(before.month, "M") + 1 != np.datetime64(after.month, "M"):
        what = f"the month before it in the log is {before.month}"
        found.append(Anomaly(severity="warning", month=after.month, what=what))
    if before.clicks and after.clicks:
        change = after.click_rate / before.click_rate
        if not 1 / CLICK_RATE_JUMP <= change <= CLICK_RATE_JUMP:
            what = f"click rate {after.click_rate:.2%} after {before.click_rate:.2%}"
            found.append(Anomaly(severity="warning", month=after.month, what=what))
    return found
