"""The figures of a report that its dashboard shows over time: exact, of all rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from adclick.monitoring.checks import Kind
from adclick.monitoring.names import SCORE
from adclick.monitoring.profile import Profile
from adclick.monitoring.verdict import Check, Finding, Severity

Section = Literal["Verdict", "Data", "Model", "Traffic", "Slices"]

SECTIONS: tuple[Section, ...] = get_args(Section)
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
# so many times its bound a figure is drawn at most: one unit that changed would hide all others
MOST_TIMES = 10.0
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


@dataclass(frozen=True)
class Point:
    """A figure at the time of its report, and the panel and series of a dashboard that it is of."""

    section: Section
    panel: str
    series: str
    value: float


def points_of(kind: Kind, findings: Sequence[Finding], current: Profile) -> tuple[Point, ...]:
    """What a dashboard shows of a report on `current` with these findings.

    Panels begin with the kind of report: those on predictions have times of their own. A figure
    against its bound is 1 where it is at the bound, whatever its unit, so that columns compare.
    """
    points = [*_counts(findings), *_against_bounds(findings), *_traffic(current)]
    return tuple(
        Point(point.section, f"{kind.capitalize()}: {point.panel}", point.series, point.value)
        for point in points
    )


def _counts(findings: Sequence[Finding]) -> Iterator[Point]:
    """How many checks are past their bound, by what they ask for."""
    for severity in SEVERITIES:
        count = sum(not finding.ok and finding.severity == severity for finding in findings)
        yield Point("Verdict", "checks past their bound", f"ask for {severity}", count)


def _against_bounds(findings: Iterable[Finding]) -> Iterator[Point]:
    """Above 1 is what is past its bound: what chance may have made is not."""
    for finding in findings:
        if finding.check in PANELS and finding.bound > 0:
            section, panel = PANELS[finding.check]
            if finding.slice is not None:
                section, panel = "Slices", f"{finding.check} against its bound"
            times = finding.value / finding.bound
            yield Point(
                section, panel, _series(finding), min(times, 1.0 if finding.ok else MOST_TIMES)
            )


def _series(finding: Finding) -> str:
    if finding.slice is not None:
        return finding.slice
    if finding.column is None:
        return finding.check
    kind = finding.check.removesuffix(" values")
    return f"{finding.column}: {kind}" if kind != finding.check else finding.column


def _traffic(current: Profile) -> Iterator[Point]:
    yield Point("Traffic", "impressions", "impressions", current.impressions)
    if current.clicks is not None:
        yield Point("Traffic", "click rate", "clicks per impression", current.clicks.rate)
    if SCORE in current.numbers:
        yield Point("Model", "mean score", "mean score", current.numbers[SCORE].mean)
    for column, share in current.missing.items():
        if share:
            yield Point("Data", "share of empty cells", column, share)
