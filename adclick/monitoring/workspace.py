"""Where drift reports are published: an Evidently workspace in a directory or bucket.

A workspace is files: `PROJECT_ID/metadata.json`, `dashboard.json` and `snapshots/ID.json`. They
are written and looked for here without Evidently's `Workspace`, which reads every snapshot of
every project when it opens; what is written is Evidently's own JSON and is read by it.
"""

from __future__ import annotations

from uuid import UUID, uuid5

import fsspec

from adclick.monitoring.quiet import quiet_evidently
from adclick.monitoring.report import DriftReport

_PROJECTS = UUID("5b8f2c9e-6d0a-4f35-9c61-2f0a7e4d1b83")


def project_id(project: str) -> str:
    """Evidently's id of the project of this name: derived from the name, so nothing is listed."""
    return str(uuid5(_PROJECTS, project))


def is_published(report: DriftReport, workspace: str, project: str) -> bool:
    """Whether this very report is in the workspace; looks at one file name, without Evidently."""
    filesystem, root = fsspec.core.url_to_fs(workspace)
    return bool(filesystem.exists(_snapshot_path(root, report, project)))


def publish(report: DriftReport, workspace: str, project: str) -> str:
    """Add the report to the project, with its dashboard, and return the project's id.

    `workspace` is a path or any fsspec URL. A report that is there already is left alone; one of
    the same name and timestamp with other content takes the place of the older one.
    """
    identity = project_id(project)
    if is_published(report, workspace, project):
        return identity
    filesystem, root = fsspec.core.url_to_fs(workspace)
    folder = f"{root}/{identity}"
    path = _snapshot_path(root, report, project)
    filesystem.makedirs(f"{folder}/snapshots", exist_ok=True)
    _write_project(workspace, project, report)
    # the first 8 bytes of an id say which report it is, see DriftReport.snapshot_id
    for older in filesystem.glob(f"{folder}/snapshots/{str(report.snapshot_id)[:18]}*.json"):
        filesystem.rm_file(older)
    filesystem.pipe_file(path, report.snapshot.encode())
    return identity


def _snapshot_path(root: str, report: DriftReport, project: str) -> str:
    return f"{root}/{project_id(project)}/snapshots/{report.snapshot_id}.json"


def _write_project(workspace: str, project: str, report: DriftReport) -> None:
    """The dashboard is written again with each report: its panels follow code and schema."""
    with quiet_evidently():
        from evidently.sdk.models import ProjectModel
        from evidently.ui.storage.local.base import LocalState

        from adclick.monitoring.dashboard import dashboard

        identity = UUID(project_id(project))
        state = LocalState(workspace)
        description = "Ad clicks: months against the reference, predictions against test rows"
        state.write_project(ProjectModel(id=identity, name=project, description=description))
        state.write_dashboard(identity, dashboard(identity, report.columns))
