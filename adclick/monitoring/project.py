"""The Evidently project of a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid5

from adclick.monitoring.quiet import quiet_evidently
from adclick.monitoring.report import DriftReport

_PROJECTS = UUID("5b8f2c9e-6d0a-4f35-9c61-2f0a7e4d1b83")


@dataclass(frozen=True)
class Project:
    """A project as Evidently keeps it: what it is, and its dashboard, as JSON texts."""

    id: UUID
    metadata: str
    dashboard: str


def project_id(name: str) -> UUID:
    """Evidently's id of the project of this name: derived from the name, so nothing is listed."""
    return uuid5(_PROJECTS, name)


def project_of(name: str, reports: Sequence[DriftReport]) -> Project:
    """The project of this name, with a dashboard of what these reports have."""
    identity = project_id(name)
    with quiet_evidently():
        from adclick.monitoring.dashboard import dashboard, project_model

        return Project(
            identity,
            metadata=project_model(identity, name).json(indent=2),
            dashboard=dashboard(identity, reports).json(),
        )
