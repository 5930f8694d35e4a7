"""The Evidently report behind a drift report.

Importing this module imports Evidently, 6 to 8 seconds: do it in a function that compares rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from evidently import DataDefinition, Dataset, Report
from evidently.core.report import Snapshot
from evidently.legacy.renderers.html_widgets import CounterData, counter, table_data
from evidently.metrics import (
    DriftedColumnsCount,
    MeanValue,
    MissingValueCount,
    RowCount,
    ValueDrift,
)
from evidently.tests import gte, lt, lte

from adclick.monitoring.checks import PSI, WASSERSTEIN
from adclick.monitoring.question import Question
from adclick.monitoring.samples import Samples
from adclick.monitoring.verdict import Finding


@dataclass(frozen=True)
class Evidence:
    """What Evidently found: its snapshot, a distance by column and each column's plots."""

    run: Snapshot
    distances: Mapping[str, float]
    plots: Mapping[str, Sequence[object]]


def gather(
    name: str,
    timestamp: datetime,
    samples: Samples,
    question: Question,
    metadata: Mapping[str, str],
) -> Evidence:
    """Compare the samples and return what Evidently found.

    Asks for what DataDriftPreset consists of without its table, which computes every distance a
    third time and draws every plot twice: 1.7 s -> 1.1 s for 14 columns.
    """
    drifts = _drifts(question)
    run = Report(_metrics(question, drifts), include_tests=False).run(
        Dataset.from_pandas(samples.current, data_definition=_definition(samples)),
        Dataset.from_pandas(samples.reference, data_definition=_definition(samples)),
        # Evidently's own times have no zone, and its dashboard compares with them
        timestamp=timestamp.astimezone(UTC).replace(tzinfo=None),
        metadata=dict(metadata),
        name=name,
    )
    results = {column: run.metric_results[drift.metric_id] for column, drift in drifts.items()}
    return Evidence(
        run=run,
        distances={column: float(result.value) for column, result in results.items()},
        plots={column: result.get_widgets() for column, result in results.items()},
    )


def write(
    evidence: Evidence, tags: Sequence[str], verdict: str, findings: Sequence[Finding]
) -> tuple[str, str]:
    """The snapshot as JSON text and the report as an HTML page that needs no network.

    A page says the verdict first, then all findings, then shows the columns' distributions in the
    order of their findings. `tags` are what Evidently's list of reports is filtered by.
    """
    model = evidence.run.to_snapshot_model()
    failed = [finding for finding in findings if not finding.ok]
    summary = f"{model.name}: {len(failed)} of {len(findings)} checks past their bound"
    table = [
        (
            "ok" if finding.ok else "PAST BOUND",
            finding.check,
            finding.column or "",
            *(f"{x:,.0f}" if finding.check == "rows" else f"{x:.3f}" for x in figures),
            finding.reason,
        )
        for finding in (*failed, *(finding for finding in findings if finding.ok))
        for figures in [(finding.value, finding.bound)]
    ]
    plots = [
        plot
        for finding in findings
        if finding.check in ("drift", "score")
        for plot in evidence.plots.get(str(finding.column), ())
    ]
    model.tags = list(tags)
    model.widgets = [
        counter(counters=[CounterData(summary, verdict.upper())]),
        table_data(column_names=["", "Check", "Column", "Value", "Bound", "Why"], data=table),
        *plots,
    ]
    snapshot = Snapshot.load_model(model)
    return snapshot.dumps(), snapshot.get_html_str(as_iframe=False)


def _definition(samples: Samples) -> DataDefinition:
    numeric = set(samples.current.select_dtypes("number"))
    return DataDefinition(
        categorical_columns=[column for column in samples.current if column not in numeric],
        numerical_columns=[column for column in samples.current if column in numeric],
    )


def _drifts(question: Question) -> dict[str, ValueDrift]:
    return {
        column: ValueDrift(
            column=column,
            method=method,
            threshold=question.bounds[method],
            tests=[lt(question.bounds[method])],
        )
        for column, method in question.methods.items()
    }


def _metrics(question: Question, drifts: Mapping[str, ValueDrift]) -> list[object]:
    return [
        RowCount(tests=[gte(question.min_rows)]),
        DriftedColumnsCount(
            columns=list(question.counted),
            drift_share=question.drifted_share,
            cat_method=PSI,
            num_method=WASSERSTEIN,
            cat_threshold=question.bounds[PSI],
            num_threshold=question.bounds[WASSERSTEIN],
            share_tests=[lt(question.drifted_share)],
        ),
        *(
            MeanValue(column=column, tests=[gte(band[0]), lte(band[1])] if band else [])
            for column, band in question.means.items()
        ),
        *(
            MissingValueCount(column=column, share_tests=[lte(bound)])
            for column, bound in question.missing.items()
        ),
        *drifts.values(),
    ]
