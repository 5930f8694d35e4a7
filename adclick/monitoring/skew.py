"""Training-serving skew: what requests said when they were answered, and what was ingested."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from adclick.arrays import Array
from adclick.feedback.months import impression_ids
from adclick.lookup import positions
from adclick.monitoring.checks import DriftChecks
from adclick.monitoring.figure import Figure
from adclick.schema import Schema
from adclick.times import parse_times

# of a number's size: what files and JSON round
TOLERANCE = 1e-6
# with fewer requests that are in both, a share is no share
FEWEST = 100


def skew_figures(
    batches: Iterable[pa.RecordBatch], predictions: pa.Table, schema: Schema, checks: DriftChecks
) -> Iterator[Figure]:
    """For each feature the share of requests whose ingested value is not the logged one.

    `batches` are rows of an ad log with its id and features; `predictions` those of a prediction
    log. A request is in both where the log has its id as `write_months` gives it; what it left out
    is compared as the schema's default. Nothing where fewer than FEWEST are.
    """
    ids = impression_ids(predictions).combine_chunks()
    differing, compared = dict.fromkeys(schema.features, 0), 0
    for batch in batches:
        rows = positions(batch.column(schema.id), ids)
        found = pa.array(np.flatnonzero(rows >= 0))
        if not len(found):
            continue
        ingested = batch.take(found)
        logged = predictions.take(pa.array(rows[rows >= 0]))
        compared += ingested.num_rows
        for name in differing:
            differing[name] += int(_differ(ingested, logged, name, schema).sum())
    if compared < FEWEST:
        return
    for name, count in differing.items():
        share = count / compared
        reason = f"{count:,} of {compared:,} requests were answered on other values than ingested"
        yield Figure("skew", name, share, checks.skew_share, reason, structural=True)


def _differ(ingested: pa.RecordBatch, logged: pa.Table, name: str, schema: Schema) -> Array:
    """Whether the cells differ, bool (n,)."""
    was, told = ingested.column(name), logged[name].combine_chunks()
    if name == schema.time:
        times = was.cast(pa.timestamp("us")).to_numpy(zero_copy_only=False)
        answered = parse_times(told.fill_null(""), schema.time_format)
        # a request without a time is scored at the time of its answer
        return np.asarray(~np.isnat(answered) & (times != answered))
    if name in schema.numeric:
        default = schema.numeric[name].default
        told = told if default is None else pc.fill_null(told, default)
        one, other = (np.asarray(part.to_numpy(zero_copy_only=False)) for part in (was, told))
        near = np.abs(one - other) <= TOLERANCE * np.maximum(1, np.abs(one))
        return np.asarray(~near)
    feature = schema.categorical.get(name)
    if feature is not None and feature.default is not None:
        told = pc.fill_null(told, feature.default)
    same = pc.fill_null(pc.equal(was, pc.utf8_trim_whitespace(told)), False)
    return ~np.asarray(same.to_numpy(zero_copy_only=False))
