"""Exact figures and findings as Evidently's metric results and tests.

They come from our own statistics of all rows, and are in the snapshot as if Evidently had measured
them: its dashboards and tests read them, and a server needs none of our code for it. Importing
this module imports Evidently, 6 to 8 seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from evidently.core.metric_types import (
    MetricConfig,
    MetricResult,
    MetricTestResult,
    SingleValue,
)
from evidently.legacy.tests.base_test import TestStatus

from adclick.monitoring.names import CLICKED, SCORE
from adclick.monitoring.point import Point
from adclick.monitoring.verdict import Finding

FIGURE = "evidently:metric_v2:adclick:Figure"
CHECK = "evidently:metric_v2:adclick:Check"


def measured(points: Iterable[Point], findings: Iterable[Finding]) -> Mapping[str, MetricResult]:
    """Each point and each finding as a metric result by its id; a finding's has its test."""
    results: dict[str, MetricResult] = {}
    for point in points:
        labels = {"panel": point.panel, "series": point.series}
        result = _value(FIGURE, f"{point.panel}, {point.series}", point.value, labels)
        results[result.metric_value_location.metric.metric_id] = result
    for finding in findings:
        result = _value(CHECK, check_name(finding), finding.value, _labels(finding))
        config = result.metric_value_location.metric
        result.set_tests([_test(finding, config)])
        results[config.metric_id] = result
    return results


def check_name(finding: Finding) -> str:
    """The check and what it looked at, such as 'drift of site'."""
    column = None if finding.column in (CLICKED, SCORE) else finding.column
    where = finding.slice or column
    if where is None or where.startswith(finding.check):
        return where or finding.check
    return f"{finding.check} of {where}"


def _labels(finding: Finding) -> dict[str, str]:
    named = {"check": finding.check, "column": finding.column, "slice": finding.slice}
    return {name: value for name, value in named.items() if value is not None}


def _value(kind: str, name: str, value: float, labels: Mapping[str, str]) -> SingleValue:
    config = MetricConfig(metric_id=f"{kind}:{name}", params={"type": kind, **labels})
    result = SingleValue(display_name=name, value=value, widget=[])
    result.set_metric_location(config)
    return result


def _test(finding: Finding, config: MetricConfig) -> MetricTestResult:
    if finding.ok:
        status = TestStatus.SUCCESS
    else:
        status = TestStatus.WARNING if finding.severity == "watch" else TestStatus.FAIL
    return MetricTestResult(
        id="lte",
        name=check_name(finding),
        description=f"{finding.value:.4g}, at most {finding.bound:.4g} is fine: {finding.reason}",
        metric_config=config,
        test_config={"threshold": finding.bound, "asks for": finding.severity},
        status=status,
    )
