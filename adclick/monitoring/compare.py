"""All that a profile says against its reference."""

from __future__ import annotations

from collections.abc import Iterable

from adclick.monitoring.checks import DriftChecks
from adclick.monitoring.column_figures import drifted_columns
from adclick.monitoring.faults import swap_figures, unit_figures
from adclick.monitoring.figure import Figure, findings
from adclick.monitoring.performance import Performance
from adclick.monitoring.performance_figures import performance_figures
from adclick.monitoring.profile import Profile
from adclick.monitoring.reference import Reference, profile_figures
from adclick.monitoring.verdict import Finding


def compare(
    reference: Reference,
    current: Profile,
    checks: DriftChecks,
    performance: Performance | None = None,
    more: Iterable[Figure] = (),
) -> tuple[Finding, ...]:
    """The findings on a period's rows, with those on its scores and of `more` figures.

    Those past their bound are in `adclick.monitoring.verdict.worst_first`'s order when asked for.
    """
    whole, period = reference.whole, current.period
    figures = profile_figures(whole, current, reference.clicks, checks)
    found = findings(figures, reference.usual, checks, period)
    drifts = [(str(one.column), one.ok) for one in found if one.check == "drift"]
    drifted = [column for column, ok in drifts if not ok]
    share = drifted_columns(drifts, checks)
    structural = [
        _rows(whole, current, checks),
        *unit_figures(whole, current, checks),
        *swap_figures(whole, current, drifted),
        *([share] if share else []),
        *(
            performance_figures(reference.tested, performance, checks)
            if reference.tested is not None and performance is not None
            else []
        ),
        *more,
    ]
    return (*findings(structural, reference.usual, checks, period), *found)


def _rows(reference: Profile, current: Profile, checks: DriftChecks) -> Figure:
    """How many times too few rows the smaller side has."""
    fewest = min(reference.impressions, current.impressions)
    reason = f"{reference.impressions:,} reference and {current.impressions:,} current rows"
    if fewest < checks.min_rows:
        reason += f": too few to judge, {checks.min_rows:,} are needed on each side"
    return Figure("rows", None, checks.min_rows / max(fewest, 1), 1.0, reason, structural=True)
