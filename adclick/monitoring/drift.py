"""How far current rows lie from reference rows, judged, with Evidently's report as evidence."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from adclick.monitoring.checks import PSI, WASSERSTEIN, DriftChecks
from adclick.monitoring.findings import (
    click_rate_finding,
    drift_findings,
    drifted_columns_finding,
    missing_findings,
    row_finding,
)
from adclick.monitoring.frames import CLICKED, SCORE, compared_columns
from adclick.monitoring.quiet import quiet_evidently
from adclick.monitoring.report import DriftReport
from adclick.monitoring.samples import EXPECTED_COUNT, MOST_VALUES, OTHER, Samples, comparable
from adclick.monitoring.verdict import Finding, judge
from adclick.schema import Schema


def drift_report(
    name: str,
    timestamp: datetime,
    *,
    reference: pd.DataFrame,
    current: pd.DataFrame,
    schema: Schema,
    checks: DriftChecks,
    learned: bool = False,
) -> DriftReport:
    """The report on how `current` differs from `reference`, both frames of `monitoring.frames`.

    `name` and `timestamp` (the end of the current rows' time; UTC where it has no zone) say what
    the report is on. With a `score` column it is a report on predictions, without on months.
    `learned` says that the model was trained on the current rows.
    Takes about a second, and 6 to 8 more where Evidently was not yet imported.
    """
    columns = compared_columns(schema)
    samples = comparable(name, reference, current, columns)
    timestamp = timestamp if timestamp.tzinfo else timestamp.replace(tzinfo=UTC)
    click_rate = click_rate_finding(samples, checks)
    missing = missing_findings(samples, columns, checks)
    methods = _methods(samples, schema)
    with quiet_evidently():
        from adclick.monitoring.evidence import Question, gather, write

        question = Question(
            methods=methods,
            bounds={PSI: checks.psi, WASSERSTEIN: checks.wasserstein},
            counted=samples.compared,
            drifted_share=checks.drifted_share,
            means=_means(samples, click_rate),
            missing={
                column: finding.bound + samples.missing_share(column)[0]
                for column, finding in missing.items()
            },
            min_rows=checks.min_rows,
        )
        evidence = gather(name, timestamp, samples, question, _metadata(samples))
        drifts = drift_findings(samples, evidence.distances, methods, checks)
        found = (
            row_finding(samples, checks),
            *([click_rate] if click_rate else []),
            drifted_columns_finding(drifts, checks),
            *missing.values(),
            *drifts,
        )
        findings = tuple(replace(finding, period=name) for finding in found)
        result = judge(findings).verdict
        snapshot, html = write(evidence, (samples.kind, result), result, findings)
    return DriftReport(
        name=name,
        timestamp=timestamp,
        kind=samples.kind,
        rows=samples.rows,
        columns=columns,
        findings=findings,
        fingerprint=_fingerprint(checks, reference, current),
        snapshot=snapshot,
        html=html,
        learned=learned,
    )


def _scored(samples: Samples) -> tuple[str, ...]:
    return (SCORE,) if samples.kind == "predictions" else ()


def _methods(samples: Samples, schema: Schema) -> dict[str, str]:
    """How each column is compared: numbers by distance, values by their shares."""
    return {
        column: WASSERSTEIN if column == SCORE or column in schema.numeric else PSI
        for column in (*_scored(samples), *samples.compared)
    }


def _means(samples: Samples, click_rate: Finding | None) -> dict[str, tuple[float, float] | None]:
    """The columns whose mean is shown, with the bounds that it should keep, if any."""
    means: dict[str, tuple[float, float] | None] = {}
    if click_rate:
        usual = float(samples.reference[CLICKED].mean())
        means[CLICKED] = usual / (1 + click_rate.bound), usual * (1 + click_rate.bound)
    return means | dict.fromkeys(_scored(samples))


def _metadata(samples: Samples) -> dict[str, str]:
    return {
        "reference": f"{samples.rows[0]:,} rows",
        "current": f"{samples.rows[1]:,} rows",
        OTHER: f"past top {MOST_VALUES} or under {EXPECTED_COUNT} rows",
    }


def _fingerprint(checks: DriftChecks, *frames: pd.DataFrame) -> str:
    digest = hashlib.sha256(checks.model_dump_json().encode())
    for frame in frames:
        digest.update("\n".join(frame.columns).encode())
        digest.update(np.ascontiguousarray(pd.util.hash_pandas_object(frame, index=False)))
    return digest.hexdigest()
