"""A checked figure before its bound is known: what training months differ by is measured alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from adclick.monitoring.checks import DriftChecks
from adclick.monitoring.verdict import Check, Finding, Severity

# so much more than declared may be usual: what goes farther is a fault of the training months
MOST_TIMES_DECLARED = 3


@dataclass(frozen=True)
class Figure:
    """A figure that is past its bound where it is above; `sure` says that chance did not make it.

    `structural` ones, such as a change of unit, are none that training months have a little of.
    `severity` is what it asks for where that is other than what its check does.
    """

    check: Check
    column: str | None
    value: float
    bound: float
    reason: str
    sure: bool = True
    structural: bool = False
    slice: str | None = None
    severity: Severity | None = None

    @property
    def key(self) -> str:
        """What the figure is on, whatever its value."""
        return "/".join(str(part) for part in (self.check, self.column, self.slice) if part)


def findings(
    figures: Iterable[Figure], usual: Mapping[str, float], checks: DriftChecks, period: str
) -> tuple[Finding, ...]:
    """The figures with their bounds, of which the usual variation by key raises some."""
    return tuple(_finding(figure, usual, checks, period) for figure in figures)


def _finding(
    figure: Figure, usual: Mapping[str, float], checks: DriftChecks, period: str
) -> Finding:
    bound = figure.bound
    if not figure.structural:
        raised = checks.times_usual * usual.get(figure.key, 0.0)
        bound = max(bound, min(raised, MOST_TIMES_DECLARED * bound))
    past = figure.value > bound
    reason = figure.reason
    if bound > figure.bound:
        reason += f"; training months differ by up to {usual[figure.key]:.2g}"
    if past and not figure.sure:
        reason += "; may be chance in so few rows"
    return Finding(
        figure.check,
        figure.column,
        figure.value,
        bound,
        not (past and figure.sure),
        reason,
        figure.severity or checks.severity(figure.check),
        period,
        figure.slice,
        past and not figure.sure,
    )
