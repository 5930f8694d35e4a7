"""The predictions that a server answered against those that it would give the test rows."""

from __future__ import annotations

import pyarrow as pa

from adclick.adlog import IMPRESSIONS, AdLog, RowSelection
from adclick.bundle.bundle import ServingBundle
from adclick.bundle.scorer import Scorer
from adclick.encoding.candidate import parse_candidates
from adclick.encoding.requests import features, request_rows
from adclick.monitoring.checks import DriftChecks
from adclick.monitoring.drift import drift_report
from adclick.monitoring.frames import prediction_frame
from adclick.monitoring.profile import Profile
from adclick.monitoring.reference import Reference
from adclick.monitoring.reports import DriftReports
from adclick.monitoring.row_profile import profile_rows
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

    The reference are the test rows, scored by the bundle, so that a score distribution other than
    the one that was evaluated shows.
    """
    if not predictions.table.num_rows:
        return DriftReports(())
    schema = log.ad_schema
    name = f"predictions {bundle.version}"
    times = parse_times(predictions.table[schema.time].combine_chunks(), schema.time_format)
    expected = prediction_frame(_expected(log, test, bundle, checks.rows), schema, checks.rows)
    report = drift_report(
        times.max().astype(object),
        reference=Reference.of([_test_profile(log, test, bundle)], checks),
        current=profile_rows(name, predictions.table.to_batches(), schema),
        samples=(expected, prediction_frame(predictions, schema, checks.rows)),
        schema=schema,
        checks=checks,
    )
    return DriftReports((report,))


def _test_profile(log: AdLog, test: RowSelection, bundle: ServingBundle) -> Profile:
    """The profile of all test rows with the bundle's scores."""
    scorer, columns = Scorer(bundle), [*log.ad_schema.features, IMPRESSIONS]
    scored = (
        batch.append_column(SCORE, pa.array(scorer.score_batch(batch)))
        for batch in log.batches(test, columns)
    )
    return profile_rows(test.describe(), scored, log.ad_schema)


def _expected(
    log: AdLog, test: RowSelection, bundle: ServingBundle, rows: int
) -> LoggedPredictions:
    """The bundle's scores of test rows, in the form of a prediction log."""
    sample = request_rows(log, test, rows)
    requests = [features(log.ad_schema, row) for row in sample]
    scores = Scorer(bundle).score(parse_candidates(log.ad_schema, requests))
    table = prediction_table(requests, log.ad_schema)
    return LoggedPredictions(table.append_column(SCORE, pa.array(scores)), repeats=0)
