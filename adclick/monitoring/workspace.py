"""Where reports are published: an Evidently workspace, in files or behind a server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from adclick.monitoring.project import Project, project_id, project_of
from adclick.monitoring.report import DriftReport
from adclick.monitoring.workspace_files import WorkspaceFiles
from adclick.monitoring.workspace_server import WorkspaceServer


class Workspace(Protocol):
    """Projects of Evidently with their reports and dashboards."""

    def missing(self, reports: Sequence[DriftReport], project: UUID) -> tuple[DriftReport, ...]:
        """Those of the reports that are not there; looks without importing Evidently."""

    def add(self, reports: Sequence[DriftReport], project: Project) -> None:
        """Add the reports, each in the place of an older one of its name and time.

        The project's dashboard is written anew.
        """


def open_workspace(address: str) -> Workspace:
    """The workspace at an address: http(s):// of an Evidently server, a path, or an fsspec URL."""
    if address.startswith(("http://", "https://")):
        return WorkspaceServer(address)
    return WorkspaceFiles(address)


def publish(reports: Sequence[DriftReport], address: str, project: str) -> int:
    """Add to the project what is not there yet; returns how many reports were added.

    The dashboard is of all the `reports`, whether they are new or not: its panels follow code,
    schema and checks. Raises AdclickError where a server cannot be reached or refuses.
    """
    workspace = open_workspace(address)
    if missing := workspace.missing(reports, project_id(project)):
        workspace.add(missing, project_of(project, reports))
    return len(missing)
