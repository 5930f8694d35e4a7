"""An Evidently workspace in a directory or bucket.

It is files: `PROJECT_ID/metadata.json`, `dashboard.json` and `snapshots/ID.json`. They are looked
for here without Evidently's `Workspace`, which reads every snapshot of every project when it
opens; what is written is Evidently's own JSON and is read by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import fsspec

from adclick.monitoring.quiet import quiet_evidently
from adclick.monitoring.report import DriftReport


class WorkspaceFiles:
    """The workspace in a folder: a path or any fsspec URL."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._filesystem, self._root = fsspec.core.url_to_fs(address)

    def missing(self, reports: Sequence[DriftReport], project: UUID) -> tuple[DriftReport, ...]:
        """The reports without a file of their name."""
        return tuple(r for r in reports if not self._filesystem.exists(self._path(r, project)))

    def add(self, reports: Sequence[DriftReport], project: UUID, name: str) -> None:
        """Write project, dashboard and the reports' snapshots, and remove those they replace."""
        snapshots = f"{self._root}/{project}/snapshots"
        self._filesystem.makedirs(snapshots, exist_ok=True)
        self._write_project(reports, project, name)
        for report in reports:
            for older in self._filesystem.glob(f"{snapshots}/{report.snapshot_prefix}*.json"):
                self._filesystem.rm_file(older)
            self._filesystem.pipe_file(self._path(report, project), report.snapshot.encode())

    def _path(self, report: DriftReport, project: UUID) -> str:
        return f"{self._root}/{project}/snapshots/{report.snapshot_id}.json"

    def _write_project(self, reports: Sequence[DriftReport], project: UUID, name: str) -> None:
        with quiet_evidently():
            from evidently.ui.storage.local.base import LocalState

            from adclick.monitoring.dashboard import dashboard, project_model

            state = LocalState(self._address)
            state.write_project(project_model(project, name))
            state.write_dashboard(project, dashboard(project, reports))
