"""The reports that one run of monitoring makes."""

from __future__ import annotations

from dataclasses import dataclass

from adclick.monitoring.report import DriftReport
from adclick.monitoring.verdict import Judgement, Verdict, judge
from adclick.opaque import Opaque


@dataclass(frozen=True)
class DriftReports(Opaque):
    """Drift reports in the order of their time."""

    reports: tuple[DriftReport, ...]

    @property
    def judgement(self) -> Judgement:
        """What the reports together ask for, those on rows that the model learned from left out.

        Fine where there are none. A model has a single month where it is tested on other rows of
        the month that it was trained on: then that is judged.
        """
        judged = [report for report in self.reports if not report.learned] or self.reports
        return judge(finding for report in judged for finding in report.findings)

    @property
    def verdict(self) -> Verdict:
        """What the reports together ask for."""
        return self.judgement.verdict

    @property
    def reasons(self) -> tuple[str, ...]:
        """A line on each finding past its bound, what to look at first before the others."""
        return self.judgement.reasons
