"""Which figures of a report its dashboard shows over time: exact, of all rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from math import exp, isfinite
from typing import get_args

from adclick.monitoring.checks import Kind
from adclick.monitoring.names import CLICKED, SCORE
from adclick.monitoring.performance import Performance
from adclick.monitoring.point import Point, Section
from adclick.monitoring.profile import Profile
from adclick.monitoring.verdict import Check, Finding, Severity

SEVERITIES: tuple[Severity, ...] = get_args(Severity)
# so many times its bound a figure is drawn at most: one unit that changed would hide all others
MOST_TIMES = 10.0
CALIBRATION = "predicted over observed clicks"
# panels of figures against their bounds, by check
PANELS: Mapping[Check, tuple[Section, str]] = {
    "drift": ("Data", "columns against their bounds"),
    "drifted columns": ("Data", "share of drifted columns against its bound"),
    "new values": ("Data", "new and vanished values against their bounds"),
    "vanished values": ("Data", "new and vanished values against their bounds"),
    "image": ("Data", "images against their bounds"),
    "skew": ("Data", "training-serving skew against its bound"),
    "score": ("Model", "scores against their bound"),
    "auc": ("Model", "quality against its bounds"),
    "logloss": ("Model", "quality against its bounds"),
    "calibration": ("Model", "quality against its bounds"),
    "click rate": ("Traffic", "change of the click rate against its bound"),
}


def points_of(
    kind: Kind,
    findings: Sequence[Finding],
    current: Profile,
    performance: Performance | None = None,
) -> tuple[Point, ...]:
    """What a dashboard shows of a report on `current`, and on its scores, with these findings.

    Panels begin with the kind of report: those on predictions have times of their own. A figure
    against its bound is 1 where it is at the bound, whatever its unit, so that columns compare.
    """
    points = [*_counts(findings), *_against_bounds(findings), *_shown(current)]
    if performance is not None:
        points += [*_quality(performance), *_slices(performance)]
    return tuple(
        replace(point, panel=f"{kind.capitalize()}: {point.panel}")
        for point in points
        # a slice in which all or nothing was clicked has no AUC
        if isfinite(point.value)
    )


def _point(section: Section, panel: str, series: str, value: float) -> Point:
    return Point(section, panel, series, value, distance=value)


def _counts(findings: Sequence[Finding]) -> Iterator[Point]:
    """How many checks are past their bound, by what they ask for."""
    for severity in SEVERITIES:
        count = sum(not finding.ok and finding.severity == severity for finding in findings)
        yield _point("Verdict", "checks past their bound", f"ask for {severity}", count)


def _against_bounds(findings: Iterable[Finding]) -> Iterator[Point]:
    """Above 1 is what is past its bound: what chance may have made is not."""
    for finding in findings:
        if finding.check in PANELS and finding.bound > 0:
            section, panel = PANELS[finding.check]
            if finding.slice is not None:
                section, panel = "Slices", f"{finding.check} against its bound"
            times = finding.value / finding.bound
            yield _point(
                section, panel, _series(finding), min(times, 1.0 if finding.ok else MOST_TIMES)
            )


def _series(finding: Finding) -> str:
    if finding.slice is not None:
        return finding.slice
    if finding.column in (None, CLICKED, SCORE):
        return finding.check
    kind = finding.check.removesuffix(" values")
    return f"{finding.column}: {kind}" if kind != finding.check else finding.column


def _shown(current: Profile) -> Iterator[Point]:
    yield _point("Traffic", "impressions", "impressions", current.impressions)
    if current.clicks is not None:
        yield _point("Traffic", "click rate", "clicks per impression", current.clicks.rate)
    if SCORE in current.numbers:
        yield _point("Model", "click rate predicted", "mean score", current.numbers[SCORE].mean)
    for column, share in current.missing.items():
        if share:
            yield _point("Data", "share of empty cells", column, share)


def _quality(performance: Performance) -> Iterator[Point]:
    metrics = performance.metrics
    yield _point("Model", "AUC", "AUC", metrics["auc"].value)
    yield _point("Model", "logloss", "logloss", metrics["logloss"].value)
    yield _point("Model", CALIBRATION, "predicted / observed", metrics["calibration"].value)
    observed = performance.clicks / performance.impressions
    yield _point("Model", "clicks per impression", "predicted", performance.score.mean)
    yield _point("Model", "clicks per impression", "observed", observed)


def _slices(performance: Performance) -> Iterator[Point]:
    for one in performance.slices:
        name = f"{one.column} = {one.value}"
        auc, apart = one.auc.value, one.log_calibration.value
        yield Point("Slices", "AUC by slice", name, auc, -auc)
        yield Point("Slices", f"{CALIBRATION} by slice", name, exp(apart), abs(apart))
