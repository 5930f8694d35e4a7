"""Drift of what the server was asked and answered."""

from typing import Annotated

from zenml import step

from adclick.adlog import AdLog
from adclick.bundle.bundle import ServingBundle
from adclick.monitoring.checks import DriftChecks
from adclick.monitoring.reference import Reference
from adclick.monitoring.reports import DriftReports
from adclick.prediction_log import LoggedPredictions
from adclick.splitting import Split
from steps.caching import depends_on_code


@step(cache_policy=depends_on_code(__name__))
def report_predictions(
    log: AdLog,
    learned: AdLog,
    split: Split,
    bundle: ServingBundle,
    reference: Reference,
    predictions: LoggedPredictions,
    checks: DriftChecks,
) -> Annotated[DriftReports, "prediction_reports"]:
    """Compare the logged predictions with those of the test rows."""
    from adclick.monitoring.predictions import report_predictions as report

    return report(log, learned, split, bundle, reference, predictions, checks)
