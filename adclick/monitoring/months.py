"""Each month of a log against the months that the model was trained on."""

from __future__ import annotations

from adclick.adlog import AdLog, RowSelection
from adclick.monitoring.checks import DriftChecks
from adclick.monitoring.drift import drift_report
from adclick.monitoring.frames import sample_frame
from adclick.monitoring.profile import month_profile
from adclick.monitoring.reference import Reference
from adclick.monitoring.reports import DriftReports
from adclick.statistics.log import known_month


def training_reference(learned: AdLog, training: RowSelection, checks: DriftChecks) -> Reference:
    """What the months of the training rows are like, from the statistics kept beside them."""
    months = [month for month in learned.months if month.month in training.months]
    profiles = [month_profile(known_month(learned, month)) for month in months]
    return Reference.of(profiles, checks)


def report_months(
    log: AdLog, training: RowSelection, checks: DriftChecks, learned: AdLog | None = None
) -> DriftReports:
    """A report per month, oldest first; training months show how much a usual month differs.

    `learned` is the log of the training rows, where they are not (or no longer) in `log`.
    """
    learned = learned or log
    reference = training_reference(learned, training, checks)
    sample = sample_frame(learned, training, checks.rows)
    return DriftReports(
        tuple(
            drift_report(
                month.last,
                reference=reference,
                current=month_profile(known_month(log, month)),
                samples=(sample, sample_frame(log, log.everything(month.month), checks.rows)),
                schema=learned.ad_schema,
                checks=checks,
                learned=month.month in training.months,
            )
            for month in log.months
        )
    )
