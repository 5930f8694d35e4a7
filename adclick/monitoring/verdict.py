"""What checks found, and what all of it asks for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

Verdict = Literal["fine", "watch", "retrain", "stop"]
Severity = Literal["watch", "retrain", "stop"]
Check = Literal[
    "rows",
    "labels",
    "vanished column",
    "unit",
    "swapped columns",
    "missing",
    "new values",
    "vanished values",
    "drift",
    "drifted columns",
    "broken images",
    "image",
    "click rate",
    "score",
    "auc",
    "logloss",
    "calibration",
    "skew",
]

# from good to bad
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
# what spoils other figures before these
CHECKS: tuple[Check, ...] = get_args(Check)


@dataclass(frozen=True)
class Finding:
    """One check: what was looked at, its figure, its bound, and why in a line that a person reads.

    `column` is None where the check is on all rows, and so is `slice`, 'column = value' otherwise.
    `period` is what was checked: a month, or the predictions of a version. `ok` says whether the
    figure keeps its bound. `undecided` is one that does not, but may by chance: it is `ok`, too.
    `severity` is what a figure past its bound asks for; 'stop' says that data or model are broken,
    so that neither the other figures nor a model trained on these rows can be trusted.
    """

    check: Check
    column: str | None
    value: float
    bound: float
    ok: bool
    reason: str
    severity: Severity = "watch"
    period: str = ""
    slice: str | None = None
    undecided: bool = False

    @property
    def place(self) -> str:
        """What was looked at: a column, a slice, or what all rows were checked for."""
        return f"{self.check} of {self.slice}" if self.slice else self.column or self.check

    @property
    def line(self) -> str:
        """The reason with its place, such as '2026-05, site: PSI 0.31'."""
        period = f"{self.period}, " if self.period else ""
        return f"{period}{self.place}: {self.reason}"


@dataclass(frozen=True)
class Judgement:
    """A verdict and, where it is not fine, a line on each finding past its bound, worst first."""

    verdict: Verdict
    reasons: tuple[str, ...]


def judge(findings: Iterable[Finding]) -> Judgement:
    """What the findings ask for: the most that one of those past its bound does.

    Where a period has too few rows to judge, its other findings ask for 'watch' and no more.
    """
    failed = worst_first(findings)
    few = _few_rows(failed)
    asked: list[Verdict] = ["fine", *(_asked(finding, few) for finding in failed)]
    verdict = max(asked, key=VERDICTS.index)
    return Judgement(verdict, tuple(finding.line for finding in failed))


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings past their bound, in the order in which a person should look at them.

    What asks for most comes first, and of a period with too few rows that these are. Equally severe
    ones are in the order of CHECKS, and those of one check by how far they are past their bound.
    """
    failed = [finding for finding in findings if not finding.ok]
    few = _few_rows(failed)
    return tuple(sorted(failed, key=lambda finding: _place(finding, few)))


def _few_rows(failed: Iterable[Finding]) -> frozenset[str]:
    """The periods with too few rows to judge."""
    return frozenset(finding.period for finding in failed if finding.check == "rows")


def _asked(finding: Finding, few: frozenset[str]) -> Verdict:
    return "watch" if finding.period in few else finding.severity


def _place(finding: Finding, few: frozenset[str]) -> tuple[int, bool, int, int, float]:
    return (
        -VERDICTS.index(_asked(finding, few)),
        finding.check != "rows",
        -VERDICTS.index(finding.severity),
        CHECKS.index(finding.check),
        -finding.value / finding.bound if finding.bound else 0.0,
    )
