"""Each month of a log against the months that the model was trained on."""

from __future__ import annotations

from adclick.adlog import AdLog
from adclick.bundle.bundle import ServingBundle
from adclick.monitoring.checks import DriftChecks
from adclick.monitoring.drift import drift_report
from adclick.monitoring.frames import sample_frame
from adclick.monitoring.profile import merged, month_profile
from adclick.monitoring.reference import Reference
from adclick.monitoring.reports import DriftReports
from adclick.monitoring.scored_months import ScoredMonths
from adclick.monitoring.slice_codes import SliceCodes
from adclick.splitting import Split
from adclick.statistics.log import known_month


def profile_reference(
    learned: AdLog, split: Split, bundle: ServingBundle, checks: DriftChecks
) -> Reference:
    """What the bundle learned from and how it did on its test rows, whatever becomes of these.

    The training months' statistics are read where ingestion kept them; test rows are scored.
    """
    scored = ScoredMonths(learned, bundle)
    months = [month for month in learned.months if month.month in split.training.months]
    whole = merged([month_profile(known_month(learned, month)) for month in months])
    basis = scored.basis(whole)
    slices = SliceCodes(whole, checks.slices.columns)
    tested_on = [month for month in learned.months if month not in months]
    reference = Reference.of(
        [scored.profile(month, basis) for month in months],
        checks,
        [scored.profile(month, basis) for month in tested_on],
    )
    return reference.model_copy(
        update={
            "tested": scored.performance(split.test, slices, checks.slices.min_impressions),
            "asked": scored.requests(split.test, whole.of_creative),
            "basis": basis,
        }
    )


def report_months(
    log: AdLog,
    learned: AdLog,
    split: Split,
    bundle: ServingBundle,
    reference: Reference,
    checks: DriftChecks,
) -> DriftReports:
    """A report per month, oldest first; training months show how much a usual month differs.

    `learned` is the log of the training rows, which need not (or no longer) be in `log`. On months
    that the model learned from, its scores say nothing.
    """
    scored = ScoredMonths(log, bundle)
    slices = SliceCodes(reference.whole, checks.slices.columns)
    sample = sample_frame(learned, split.training, checks.rows)
    reports = []
    for month in log.months:
        rows, seen = log.everything(month.month), month.month in split.training.months
        unseen = None if seen else scored.performance(rows, slices, checks.slices.min_impressions)
        reports.append(
            drift_report(
                month.last,
                reference=reference,
                current=scored.profile(month, reference.basis),
                samples=(sample, sample_frame(log, rows, checks.rows)),
                schema=learned.ad_schema,
                checks=checks,
                performance=unseen,
                learned=seen,
            )
        )
    return DriftReports(tuple(reports))
