"""The reports that one run of monitoring makes."""

from __future__ import annotations

from dataclasses import dataclass

from adclick.monitoring.checks import Verdict
from adclick.monitoring.report import DriftReport
from adclick.opaque import Opaque

WORSE: tuple[Verdict, ...] = ("fine", "watch", "retrain")


@dataclass(frozen=True)
class DriftReports(Opaque):
    """Drift reports in the order of their time."""

    reports: tuple[DriftReport, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst verdict among the reports; fine where there are none."""
        return max((report.verdict for report in self.reports), key=WORSE.index, default="fine")
