"""Drift of the log's months."""

from typing import Annotated

from zenml import step

from adclick.adlog import AdLog
from adclick.bundle.bundle import ServingBundle
from adclick.monitoring.checks import DriftChecks
from adclick.monitoring.inputs import monitored_months
from adclick.monitoring.reference import Reference
from adclick.monitoring.reports import DriftReports
from adclick.splitting import Split
from steps.caching import depends_on_code


@step(cache_policy=depends_on_code(__name__))
def report_months(
    log: AdLog,
    learned: AdLog,
    split: Split,
    bundle: ServingBundle,
    reference: Reference,
    months: str,
    checks: DriftChecks,
) -> Annotated[DriftReports, "month_reports"]:
    """Compare each of the months wanted of the log with the rows that the champion learned from."""
    from adclick.monitoring.months import report_months as report

    chosen = monitored_months(log, learned, months)
    reports = report(chosen, learned, split, bundle, reference, checks)
    for one in reports.reports:
        print(f"{one.name}: {one.verdict}; {'; '.join(f.reason for f in one.problems) or 'fine'}")
    return reports
