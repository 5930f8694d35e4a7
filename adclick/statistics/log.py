"""All months of a log with what is unusual about them."""

from __future__ import annotations

import posixpath

from pydantic import BaseModel, ConfigDict

from adclick.adlog import AdLog, Month
from adclick.errors import AdclickError
from adclick.ingest.storage import made_once
from adclick.statistics.anomalies import find_anomalies
from adclick.statistics.anomaly import Anomaly, AnomalyOptions
from adclick.statistics.describe import describe_month
from adclick.statistics.month import MonthStatistics

FORMAT = 1  # raise it when the same month would be described otherwise


class LogStatistics(BaseModel):
    """The statistics of a log's months, oldest first, and their anomalies."""

    model_config = ConfigDict(frozen=True)

    name: str
    months: tuple[MonthStatistics, ...]
    anomalies: tuple[Anomaly, ...]


class Validation(BaseModel):
    """The anomalies that a run goes on in spite of: warnings."""

    model_config = ConfigDict(frozen=True)

    anomalies: tuple[Anomaly, ...]


def describe_log(log: AdLog, options: AnomalyOptions) -> LogStatistics:
    """The log's statistics and anomalies, from one pass over its rows in flat memory.

    A month's are kept beside it: months that were described before are not read again.
    """
    months = tuple(known_month(log, month) for month in log.months)
    schema = log.ad_schema
    return LogStatistics(
        name=schema.name, months=months, anomalies=find_anomalies(months, schema, options)
    )


def known_month(log: AdLog, month: Month) -> MonthStatistics:
    """The statistics of one of the log's months, kept beside it or else described and kept."""
    kept = f"{log.root}/{posixpath.dirname(month.quarantine)}/statistics-{FORMAT}.json"
    return made_once(kept, MonthStatistics, lambda: describe_month(log, month.month))


def validate_log(statistics: LogStatistics) -> Validation:
    """The log's anomalies, all of them warnings; raises AdclickError with the first error."""
    for anomaly in statistics.anomalies:
        if anomaly.severity == "error":
            raise AdclickError(anomaly.line)
    return Validation(anomalies=statistics.anomalies)
