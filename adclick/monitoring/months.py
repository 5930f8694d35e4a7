"""Each month of a log against the months that the model was trained on."""

from __future__ import annotations

from adclick.adlog import AdLog, RowSelection
from adclick.monitoring.checks import DriftChecks
from adclick.monitoring.drift import drift_report
from adclick.monitoring.frames import sample_frame
from adclick.monitoring.reports import DriftReports


def report_months(
    log: AdLog, training: RowSelection, checks: DriftChecks, learned: AdLog | None = None
) -> DriftReports:
    """A report per month, oldest first; training months show how much a usual month differs.

    `learned` is the log of the training rows, where they are not (or no longer) in `log`.
    """
    learned = learned or log
    reference = sample_frame(learned, training, checks.rows)
    return DriftReports(
        tuple(
            drift_report(
                month.month,
                month.last,
                reference=reference,
                current=sample_frame(log, log.everything(month.month), checks.rows),
                schema=learned.ad_schema,
                checks=checks,
                learned=month.month in training.months,
            )
            for month in log.months
        )
    )
