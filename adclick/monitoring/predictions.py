"""The predictions that a server answered against those that it would give the test rows."""

from __future__ import annotations

import pyarrow as pa

from adclick.adlog import AdLog, RowSelection
from adclick.bundle.bundle import ServingBundle
from adclick.bundle.scorer import Scorer
from adclick.encoding.candidate import parse_candidates
from adclick.encoding.requests import features, request_rows
from adclick.monitoring.checks import DriftChecks
from adclick.monitoring.drift import drift_report
from adclick.monitoring.frames import prediction_frame
from adclick.monitoring.reports import DriftReports
from adclick.prediction_log import SCORE, LoggedPredictions, prediction_table
from adclick.times import parse_times


def report_predictions(
    log: AdLog,
    test: RowSelection,
    bundle: ServingBundle,
    predictions: LoggedPredictions,
    checks: DriftChecks,
) -> DriftReports:
    """One report on the logged predictions of `bundle`, or none where nothing was logged.

    The reference is a sample of the test rows, scored by the bundle, so that a score distribution
    other than the one that was evaluated shows.
    """
    if not predictions.table.num_rows:
        return DriftReports(())
    schema = log.ad_schema
    rows = prediction_frame(predictions, schema, checks.rows)
    times = parse_times(predictions.table[schema.time].combine_chunks(), schema.time_format)
    report = drift_report(
        f"predictions {bundle.version}",
        times.max().astype(object),
        reference=prediction_frame(_expected(log, test, bundle, checks.rows), schema, checks.rows),
        current=rows,
        schema=schema,
        checks=checks,
    )
    return DriftReports((report,))


def _expected(
    log: AdLog, test: RowSelection, bundle: ServingBundle, rows: int
) -> LoggedPredictions:
    """The bundle's scores of test rows, in the form of a prediction log."""
    sample = request_rows(log, test, rows)
    requests = [features(log.ad_schema, row) for row in sample]
    scores = Scorer(bundle).score(parse_candidates(log.ad_schema, requests))
    table = prediction_table(requests, log.ad_schema)
    return LoggedPredictions(table.append_column(SCORE, pa.array(scores)), repeats=0)
