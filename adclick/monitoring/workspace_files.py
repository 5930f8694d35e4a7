"""An Evidently workspace in a directory or bucket.

It is files: `PROJECT_ID/metadata.json`, `dashboard.json` and `snapshots/ID.json`. They are looked
for here without Evidently's `Workspace`, which reads every snapshot of every project when it
opens; what is written is Evidently's own JSON.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import fsspec

from adclick.monitoring.project import Project
from adclick.monitoring.report import DriftReport


class WorkspaceFiles:
    """The workspace in a folder: a path or any fsspec URL."""

    def __init__(self, address: str) -> None:
        self._filesystem, self._root = fsspec.core.url_to_fs(address)

    def missing(self, reports: Sequence[DriftReport], project: UUID) -> tuple[DriftReport, ...]:
        """The reports without a file of their name."""
        return tuple(r for r in reports if not self._filesystem.exists(self._path(r, project)))

    def add(self, reports: Sequence[DriftReport], project: Project) -> None:
        """Write project, dashboard and the reports' snapshots, and remove those they replace."""
        folder = f"{self._root}/{project.id}"
        self._filesystem.makedirs(f"{folder}/snapshots", exist_ok=True)
        self._filesystem.pipe_file(f"{folder}/metadata.json", project.metadata.encode())
        self._filesystem.pipe_file(f"{folder}/dashboard.json", project.dashboard.encode())
        for report in reports:
            for older in self._filesystem.glob(f"{folder}/snapshots/{report.snapshot_prefix}*"):
                self._filesystem.rm_file(older)
            self._filesystem.pipe_file(self._path(report, project.id), report.snapshot.encode())

    def _path(self, report: DriftReport, project: UUID) -> str:
        return f"{self._root}/{project}/snapshots/{report.snapshot_id}.json"
