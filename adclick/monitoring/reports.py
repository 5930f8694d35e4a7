"""The reports that one run of monitoring makes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from adclick.monitoring.report import DriftReport
from adclick.monitoring.verdict import Finding, Judgement, Verdict, judge
from adclick.opaque import Opaque


@dataclass(frozen=True)
class DriftReports(Opaque):
    """Drift reports in the order of their time."""

    reports: tuple[DriftReport, ...]

    @property
    def judged(self) -> tuple[Finding, ...]:
        """What was found, on rows that the model learned from left out.

        A model has a single month where it is tested on other rows of the month that it was
        trained on: then that is judged.
        """
        judged = [report for report in self.reports if not report.learned] or self.reports
        return tuple(finding for report in judged for finding in report.findings)

    @property
    def judgement(self) -> Judgement:
        """What the reports together ask for; fine where there are none."""
        return judge(self.judged)

    @property
    def verdict(self) -> Verdict:
        """What the reports together ask for."""
        return self.judgement.verdict

    @property
    def reasons(self) -> tuple[str, ...]:
        """A line on each finding past its bound, what to look at first before the others."""
        return self.judgement.reasons


def judge_reports(all_reports: Iterable[DriftReports]) -> Judgement:
    """What the reports of all kinds together ask for."""
    return judge(finding for reports in all_reports for finding in reports.judged)
