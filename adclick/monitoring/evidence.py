"""A report as Evidently keeps and shows it: exact checks of all rows, and pictures of a sample.

Importing this module imports Evidently, 6 to 8 seconds: do it in a function that reports.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from evidently.core.metric_types import metric_tests_widget
from evidently.core.report import Snapshot, metric_tests_stats
from evidently.core.serialization import ReportModel, SnapshotModel
from evidently.legacy.renderers.html_widgets import (
    CounterData,
    counter,
    table_data,
    text_widget,
)

from adclick.monitoring.alert import ADVICE
from adclick.monitoring.measured import check_name, measured
from adclick.monitoring.points import Point
from adclick.monitoring.sampled import Sampled, look_at
from adclick.monitoring.samples import Samples
from adclick.monitoring.verdict import Finding, judge, worst_first


@dataclass(frozen=True)
class Told:
    """What a report tells: on what, when, and what was found in all rows.

    `rows` are the impressions of the reference and of the current rows.
    """

    name: str
    timestamp: datetime
    rows: tuple[int, int]
    findings: Sequence[Finding]
    points: Sequence[Point]


def write(told: Told, samples: Samples, methods: Mapping[str, str]) -> tuple[str, str]:
    """The snapshot as JSON text, and the report as an HTML page that needs no network.

    A page has the verdict, then what is past its bound, then every check, all exact; then what
    Evidently shows of the samples, the columns that drifted first.
    """
    shown, verdict = look_at(samples, methods), judge(told.findings).verdict
    exact = measured(told.points, told.findings)
    tests = [test for result in exact.values() for test in result.tests]
    model = SnapshotModel(
        report=ReportModel(items=[]),
        name=told.name,
        # Evidently's own times have no zone, and its dashboard compares with them
        timestamp=told.timestamp.astimezone(UTC).replace(tzinfo=None),
        metadata=_metadata(told, samples),
        tags=[samples.kind, verdict],
        metric_results={**exact, **shown.results},
        top_level_metrics=[*exact, *shown.results],
        widgets=[*_exact(told), *_sampled(told, samples, shown)],
        tests_widgets=[metric_tests_stats(tests), metric_tests_widget(tests)],
    )
    snapshot = Snapshot.load_model(model)
    return snapshot.dumps(), snapshot.get_html_str(as_iframe=False)


def _metadata(told: Told, samples: Samples) -> dict[str, str]:
    reference, current = told.rows
    return {
        "checks": f"all {current:,} impressions against all {reference:,}",
        "pictures": f"{samples.rows[1]:,} against {samples.rows[0]:,} sampled ones",
    }


def _exact(told: Told) -> Iterable[Any]:
    judgement, past = judge(told.findings), worst_first(told.findings)
    summary = f"{told.name}: {len(past)} of {len(told.findings)} checks past their bound"
    yield counter(counters=[CounterData(summary, judgement.verdict.upper())])
    reference, current = told.rows
    yield text_widget(
        title="Exact: from all rows",
        text=f"**{ADVICE[judgement.verdict].capitalize()}.** The checks are on all {current:,} "
        f"impressions, against all {reference:,} of the reference.",
    )
    if past:
        yield _table("Look at first", past)
    kept = [finding for finding in told.findings if finding.ok]
    yield _table("Within their bounds", kept)


def _table(title: str, findings: Sequence[Finding]) -> Any:
    heads = ("Asks for", "Check", "Figure", "Bound", "Why")
    rows = [
        (
            "" if finding.ok else finding.severity.upper(),
            check_name(finding),
            f"{finding.value:.4g}",
            f"{finding.bound:.4g}",
            finding.reason,
        )
        for finding in findings
    ]
    return table_data(title=title, column_names=heads, data=rows)


def _sampled(told: Told, samples: Samples, shown: Sampled) -> Iterable[Any]:
    drifted = [f.column for f in worst_first(told.findings) if f.check in ("drift", "score")]
    order = dict.fromkeys([*(c for c in drifted if c in shown.drift), *shown.drift])
    old, new = samples.rows
    yield text_widget(
        title="Sampled: distributions",
        text=f"From here on Evidently shows a sample, the same at every run: {new:,} current and "
        f"{old:,} reference impressions. Its figures differ from the exact ones above by chance.",
    )
    yield from chain.from_iterable(shown.drift[column] for column in order)
    yield text_widget(title="Sampled: summary", text="Each column's statistics in the sample.")
    yield from shown.summary
    if shown.quality:
        yield text_widget(
            title="Sampled: quality of the scores",
            text="Of the sampled answers whose clicks are known; a score counts as a click from "
            "the reference's click rate on.",
        )
        yield from shown.quality
