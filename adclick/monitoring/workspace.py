"""Where reports are published: an Evidently workspace, in files or behind a server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID, uuid5

from adclick.monitoring.report import DriftReport
from adclick.monitoring.workspace_files import WorkspaceFiles
from adclick.monitoring.workspace_server import WorkspaceServer

_PROJECTS = UUID("5b8f2c9e-6d0a-4f35-9c61-2f0a7e4d1b83")


class Workspace(Protocol):
    """Projects of Evidently with their reports and dashboards."""

    def missing(self, reports: Sequence[DriftReport], project: UUID) -> tuple[DriftReport, ...]:
        """Those of the reports that are not there; looks without importing Evidently."""

    def add(self, reports: Sequence[DriftReport], project: UUID, name: str) -> None:
        """Add the reports, each in the place of an older one on the same rows, and a dashboard.

        The dashboard is written anew: its panels follow code, schema and checks.
        """


def project_id(project: str) -> UUID:
    """Evidently's id of the project of this name: derived from the name, so nothing is listed."""
    return uuid5(_PROJECTS, project)


def open_workspace(address: str) -> Workspace:
    """The workspace at an address: http(s):// of an Evidently server, a path, or an fsspec URL."""
    if address.startswith(("http://", "https://")):
        return WorkspaceServer(address)
    return WorkspaceFiles(address)


def publish(reports: Sequence[DriftReport], address: str, project: str) -> int:
    """Add to the project what is not there yet; returns how many reports were added.

    Raises AdclickError where a server cannot be reached or refuses.
    """
    workspace, identity = open_workspace(address), project_id(project)
    if missing := workspace.missing(reports, identity):
        workspace.add(missing, identity, project)
    return len(missing)
