"""A report as Evidently keeps and shows it: exact checks of all rows, and pictures of a sample.

Importing this module imports Evidently, 6 to 8 seconds: do it in a function that reports.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
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
from adclick.monitoring.point import Point
from adclick.monitoring.sampled import Sampled, look_at
from adclick.monitoring.samples import Samples
from adclick.monitoring.verdict import Finding, Verdict, judge, worst_first

# the lines of a page's script that hold its data
DATA = re.compile(r"^    var (?:additional_graphs_)?metric_\w+ = .*$", re.MULTILINE)
# distributions that are drawn large, even where no column is past its bound
LEAST_DRAWN = 3


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

    @cached_property
    def past(self) -> Sequence[Finding]:
        """What is past its bound, to look at in this order."""
        return worst_first(self.findings)

    @cached_property
    def kept(self) -> Sequence[Finding]:
        """What is within its bound."""
        return [finding for finding in self.findings if finding.ok]

    @cached_property
    def verdict(self) -> Verdict:
        """What all of it asks for."""
        return judge(self.findings).verdict


def write(told: Told, samples: Samples, methods: Mapping[str, str]) -> tuple[str, str]:
    """The snapshot as JSON text, and the report as an HTML page that needs no network.

    A page has the verdict, then what is past its bound, then every check, all exact; then what
    Evidently shows of the samples, the columns that went farthest first.
    """
    farthest = _farthest(told.findings, methods)
    shown = look_at(samples, methods, [str(finding.column) for finding in farthest])
    exact = measured(told.points, [*told.past, *told.kept])
    tests = [test for result in exact.values() for test in result.tests]
    model = SnapshotModel(
        report=ReportModel(items=[]),
        name=told.name,
        # Evidently's own times have no zone, and its dashboard compares with them
        timestamp=told.timestamp.astimezone(UTC).replace(tzinfo=None),
        metadata=_metadata(told, samples),
        tags=[samples.kind, told.verdict],
        metric_results={**exact, **shown.results},
        top_level_metrics=[*exact, *shown.results],
        widgets=[*_exact(told), *_sampled(samples, shown, farthest)],
        tests_widgets=[metric_tests_stats(tests), metric_tests_widget(tests)],
    )
    snapshot = Snapshot.load_model(model)
    return snapshot.dumps(), _escaped(snapshot.get_html_str(as_iframe=False))


def _escaped(page: str) -> str:
    """The page with its data as text: Evidently 0.7.23 lets a '</script>' in a value end it."""
    return DATA.sub(lambda line: line[0].replace("<", "\\u003c"), page, count=2)


def _metadata(told: Told, samples: Samples) -> dict[str, str]:
    reference, current = told.rows
    old, new = samples.rows
    return {
        "checks": f"of all {current:,} rows",
        "reference": f"all {reference:,} rows",
        "pictures": f"of {new:,} and {old:,}",
    }


def _exact(told: Told) -> Iterator[Any]:
    summary = f"{told.name}: {len(told.past)} of {len(told.findings)} checks past their bound"
    yield counter(counters=[CounterData(summary, told.verdict.upper())])
    reference, current = told.rows
    yield text_widget(
        title="Exact: from all rows",
        text=f"**{ADVICE[told.verdict].capitalize()}.** The checks are on all {current:,} "
        f"impressions, against all {reference:,} of the reference.",
    )
    if told.past:
        yield _table("Look at first", told.past)
    yield _table("Within their bounds", told.kept)


def _table(title: str, findings: Sequence[Finding]) -> Any:
    heads = ("Check", "Asks for", "Figure", "Bound", "Why")
    rows = [
        (
            check_name(finding),
            "nothing" if finding.ok else finding.severity.upper(),
            f"{finding.value:.4g}",
            f"{finding.bound:.4g}",
            finding.reason,
        )
        for finding in findings
    ]
    return table_data(title=title, column_names=heads, data=rows)


def _farthest(findings: Sequence[Finding], methods: Mapping[str, str]) -> Sequence[Finding]:
    """The findings on the columns that went farthest for their bounds, most of all first."""
    drifts = [f for f in findings if f.check in ("drift", "score") and f.column in methods]
    ordered = sorted(drifts, key=lambda finding: -finding.value / finding.bound)
    past = sum(not finding.ok for finding in ordered)
    return ordered[: max(past, LEAST_DRAWN)]


def _sampled(samples: Samples, shown: Sampled, farthest: Sequence[Finding]) -> Iterator[Any]:
    old, new = samples.rows
    yield text_widget(
        title="Sampled: distributions of the columns that went farthest",
        text=f"From here on Evidently shows a sample, the same at every run: {new:,} current and "
        f"{old:,} reference impressions. Its figures differ from the exact ones by chance.",
    )
    for finding in farthest:
        column = str(finding.column)
        # no text widget: that is Markdown, in which a value could be a link or a picture
        yield counter(counters=[CounterData(f"exact: {finding.reason}", column)])
        yield shown.distributions[column]
    if shown.quality:
        yield text_widget(
            title="Sampled: quality of the scores",
            text="Of the sampled answers whose clicks are known; a score counts as a click from "
            "the reference's click rate on.",
        )
        yield from shown.quality
    yield text_widget(title="Sampled: summary", text="Each column's statistics in the sample.")
    yield from shown.summary
