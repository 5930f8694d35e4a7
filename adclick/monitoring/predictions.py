"""The predictions that a server answered against those that it would give the test rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from adclick.adlog import CLICKS, IMPRESSIONS, AdLog
from adclick.arrays import Times
from adclick.bundle.bundle import ServingBundle
from adclick.bundle.scorer import Scorer
from adclick.feedback.predictions import LabelledPredictions
from adclick.monitoring.checks import DriftChecks
from adclick.monitoring.drift import drift_report
from adclick.monitoring.frames import prediction_frame, sample_frame
from adclick.monitoring.performance import Performance, measure_performance
from adclick.monitoring.reference import Reference
from adclick.monitoring.reports import DriftReports
from adclick.monitoring.row_profile import profile_rows
from adclick.monitoring.skew import skew_figures
from adclick.monitoring.slice_codes import SliceCodes
from adclick.prediction_log import SCORE, LoggedPredictions
from adclick.prediction_log.names import CLICKED
from adclick.records.columns import TIME
from adclick.schema import Schema
from adclick.splitting import Split
from adclick.times import parse_times


def report_predictions(
    log: AdLog,
    learned: AdLog,
    split: Split,
    bundle: ServingBundle,
    reference: Reference,
    predictions: LoggedPredictions,
    checks: DriftChecks,
) -> DriftReports:
    """One report on the logged predictions of `bundle`, or none where nothing was logged.

    They are compared with the test rows as scored by the bundle, so that a score distribution other
    than the one that was evaluated shows, and where labels are in, with how it did on these. Of
    requests that were ingested into `log` since, the features are compared.
    """
    if not predictions.table.num_rows:
        return DriftReports(())
    schema = learned.ad_schema
    name = f"predictions {bundle.version}"
    times = parse_times(predictions.table[schema.time].combine_chunks(), schema.time_format)
    expected = sample_frame(learned, split.test, checks.rows, Scorer(bundle).score_batch)
    asked = reference.asked or reference.whole
    slices = SliceCodes(asked, checks.slices.columns)
    report = drift_report(
        _latest(predictions, times),
        reference=reference.model_copy(update={"months": (asked,)}),
        current=profile_rows(name, predictions.table.to_batches(), schema, asked.of_creative),
        samples=(expected, prediction_frame(predictions, schema, checks.rows)),
        schema=schema,
        checks=checks,
        performance=labelled_performance(predictions, schema, slices, checks),
        more=skew_figures(_ingested(log, times), predictions.table, schema, checks),
    )
    return DriftReports((report,))


def _latest(predictions: LoggedPredictions, times: Times) -> datetime:
    """When the last was answered, or where that is not told, the last time that was asked for."""
    if TIME in predictions.table.column_names:
        answered: datetime = pc.max(predictions.table[TIME]).as_py()
        return answered
    last: datetime = times[~np.isnat(times)].max().astype(object)
    return last


def _ingested(log: AdLog, times: Times) -> Iterator[pa.RecordBatch]:
    """The log's rows of the months in which predictions were asked for."""
    asked = set(np.unique(times[~np.isnat(times)].astype("datetime64[M]")).astype(str).tolist())
    months = [month for month in log.month_names if month in asked]
    if months:
        yield from log.batches(log.everything(*months), [log.ad_schema.id, *log.ad_schema.features])


def labelled_performance(
    predictions: LoggedPredictions, schema: Schema, slices: SliceCodes, checks: DriftChecks
) -> Performance | None:
    """Of the predictions whose click is no longer awaited; None where those have no click."""
    if not isinstance(predictions, LabelledPredictions):
        return None
    rows = predictions.labelled
    clicks = pc.cast(rows[CLICKED], pa.int64())
    if not 0 < (pc.sum(clicks).as_py() or 0) < rows.num_rows:
        return None
    # days are those of the answers: a request may leave its own time out
    rows = rows.set_column(rows.schema.get_field_index(schema.time), schema.time, rows[TIME])
    rows = rows.append_column(CLICKS, clicks)
    rows = rows.append_column(IMPRESSIONS, pa.array(np.ones(rows.num_rows, np.int64)))
    least = checks.slices.min_impressions
    batches = rows.to_batches()
    return measure_performance(batches, lambda one: one[SCORE].to_numpy(), schema, slices, least)
