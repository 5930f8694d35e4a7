"""A drift report: what was found, what it asks for, and Evidently's evidence, kept as files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import Self
from uuid import UUID

from adclick.monitoring.checks import Kind
from adclick.monitoring.point import Point
from adclick.monitoring.verdict import Finding, Judgement, Verdict, judge, worst_first

REPORT_FILE = "report.json"
SNAPSHOT_FILE = "snapshot.json"
PAGE_FILE = "report.html"


@dataclass(frozen=True)
class DriftReport:
    """How far current rows lie from reference rows.

    `rows` are (reference, current) impressions compared and `columns` what was to be compared.
    `points` are what a dashboard shows of it. `fingerprint` stands for both sides' rows and the
    bounds: equal input, equal fingerprint. `learned` says that the model was trained on the current
    rows, too: how far those lie from the reference is what usual months do. `snapshot` is
    Evidently's snapshot as JSON text, `html` its page, which needs no network.
    """

    name: str
    timestamp: datetime
    kind: Kind
    rows: tuple[int, int]
    columns: tuple[str, ...]
    findings: tuple[Finding, ...]
    fingerprint: str
    snapshot: str
    html: str
    learned: bool = False
    points: tuple[Point, ...] = ()

    @property
    def judgement(self) -> Judgement:
        """What the findings ask for, and why."""
        return judge(self.findings)

    @property
    def verdict(self) -> Verdict:
        """What the findings ask for."""
        return self.judgement.verdict

    @property
    def snapshot_id(self) -> UUID:
        """Evidently's id of the snapshot: 8 bytes say which report it is, 8 which content.

        So a report can be found in a workspace by its file name alone, and so can an older one of
        the same name and timestamp.
        """
        which = _digest(f"{self.name}\n{self.timestamp.astimezone(UTC).isoformat()}")
        return UUID(bytes=which + _digest(self.fingerprint))

    @property
    def snapshot_prefix(self) -> str:
        """What the ids of all reports of this name and timestamp begin with."""
        return str(self.snapshot_id)[:18]

    @property
    def problems(self) -> tuple[Finding, ...]:
        """The findings that are past their bound, what to look at first before the others."""
        return worst_first(self.findings)

    def files(self) -> dict[str, str]:
        """The report as texts by file name, for whoever stores it."""
        facts = {
            field.name: getattr(self, field.name)
            for field in fields(self)
            if field.name not in ("snapshot", "html", "findings", "points", "timestamp")
        }
        facts["timestamp"] = self.timestamp.isoformat()
        facts["findings"] = [asdict(finding) for finding in self.findings]
        facts["points"] = [asdict(point) for point in self.points]
        return {
            REPORT_FILE: json.dumps(facts, indent=2),
            SNAPSHOT_FILE: self.snapshot,
            PAGE_FILE: self.html,
        }

    @classmethod
    def from_files(cls, texts: Mapping[str, str]) -> Self:
        """The report that `files` gave these texts of."""
        facts = json.loads(texts[REPORT_FILE])
        return cls(
            **facts
            | {
                "timestamp": datetime.fromisoformat(facts["timestamp"]),
                "rows": tuple(facts["rows"]),
                "columns": tuple(facts["columns"]),
                "findings": tuple(Finding(**finding) for finding in facts["findings"]),
                "points": tuple(Point(**point) for point in facts["points"]),
            },
            snapshot=texts[SNAPSHOT_FILE],
            html=texts[PAGE_FILE],
        )


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()[:8]
