"""How far a period's rows lie from the reference, judged, with Evidently's report as evidence."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from adclick.monitoring.checks import DriftChecks
from adclick.monitoring.compare import compare
from adclick.monitoring.distance import Measure
from adclick.monitoring.figure import Figure
from adclick.monitoring.frames import compared_columns
from adclick.monitoring.names import SCORE
from adclick.monitoring.performance import Performance
from adclick.monitoring.points import points_of
from adclick.monitoring.profile import Profile
from adclick.monitoring.quiet import quiet_evidently
from adclick.monitoring.reference import Reference
from adclick.monitoring.report import DriftReport
from adclick.monitoring.samples import Samples, comparable
from adclick.schema import Schema

# Evidently's names of the distances
METHODS: Mapping[Measure, str] = {
    "psi": "psi",
    "jensen-shannon": "jensenshannon",
    "wasserstein": "wasserstein",
}


def drift_report(
    timestamp: datetime,
    *,
    reference: Reference,
    current: Profile,
    samples: tuple[pd.DataFrame, pd.DataFrame],
    schema: Schema,
    checks: DriftChecks,
    performance: Performance | None = None,
    more: Iterable[Figure] = (),
    learned: bool = False,
) -> DriftReport:
    """The report on how `current`, its scores and `more` figures differ from the reference.

    `timestamp` is the end of the current rows' time; UTC where it has no zone. The findings are of
    all rows. `samples` are some of the reference and of the current ones, frames of
    `monitoring.frames`, for Evidently to show: with a `score` column it is a report on predictions,
    without on months. `learned` says that the model was trained on the current rows. Takes about a
    second, and 6 to 8 more where Evidently was not yet imported.
    """
    name, columns = current.period, compared_columns(schema)
    shown = comparable(name, *samples, columns)
    timestamp = timestamp if timestamp.tzinfo else timestamp.replace(tzinfo=UTC)
    findings = compare(reference, current, checks, performance, more)
    points = points_of(shown.kind, findings, current, performance)
    rows = reference.whole.impressions, current.impressions
    with quiet_evidently():
        from adclick.monitoring.evidence import Told, write

        told = Told(name, timestamp, rows, findings, points)
        snapshot, html = write(told, shown, _methods(shown, schema, checks))
    return DriftReport(
        name=name,
        timestamp=timestamp,
        kind=shown.kind,
        rows=rows,
        columns=columns,
        findings=findings,
        points=points,
        fingerprint=_fingerprint(checks, (findings, points), samples),
        snapshot=snapshot,
        html=html,
        learned=learned,
    )


def _methods(shown: Samples, schema: Schema, checks: DriftChecks) -> dict[str, str]:
    scored = (SCORE,) if shown.kind == "predictions" else ()
    measures = {
        column: checks.measure_of(column, column == SCORE or column in schema.numeric)[0]
        for column in (*scored, *shown.compared)
    }
    return {column: METHODS[measure] for column, measure in measures.items()}


def _fingerprint(checks: DriftChecks, found: object, frames: Iterable[pd.DataFrame]) -> str:
    digest = hashlib.sha256(checks.model_dump_json().encode())
    digest.update(repr(found).encode())
    for frame in frames:
        digest.update("\n".join(frame.columns).encode())
        digest.update(np.ascontiguousarray(pd.util.hash_pandas_object(frame, index=False)))
    return digest.hexdigest()
