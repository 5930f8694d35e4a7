"""The report store: where a stack keeps its Evidently workspace."""

from __future__ import annotations

from collections.abc import Sequence

from zenml.data_validators.base_data_validator import (
    BaseDataValidator,
    BaseDataValidatorConfig,
    BaseDataValidatorFlavor,
)

from adclick.monitoring.report import DriftReport
from adclick.monitoring.workspace import is_published, publish


class ReportStoreConfig(BaseDataValidatorConfig):
    """`workspace` is a directory or any fsspec URL, such as a bucket's."""

    workspace: str


class ReportStore(BaseDataValidator):
    """Publishes drift reports to an Evidently workspace, a project a model."""

    NAME = "Evidently workspace"

    @property
    def config(self) -> ReportStoreConfig:
        """The component's configuration."""
        return self._config

    @property
    def workspace(self) -> str:
        """Where the workspace is, for people and for `evidently ui`."""
        return self.config.workspace

    def publish(self, reports: Sequence[DriftReport], project: str) -> int:
        """Add the reports that are not there yet; returns how many were added."""
        new = [r for r in reports if not is_published(r, self.workspace, project)]
        for report in new:
            publish(report, self.workspace, project)
        return len(new)


class ReportStoreFlavor(BaseDataValidatorFlavor):
    """Registers the report store as a data validator of ZenML's."""

    @property
    def name(self) -> str:
        """The flavor's name in stacks/*.yaml."""
        return "evidently_workspace"

    @property
    def config_class(self) -> type[ReportStoreConfig]:
        """What can be configured."""
        return ReportStoreConfig

    @property
    def implementation_class(self) -> type[ReportStore]:
        """The component."""
        return ReportStore


ReportStore.FLAVOR = ReportStoreFlavor
