"""The report store: where a stack keeps its Evidently workspace."""

from __future__ import annotations

from collections.abc import Sequence

from zenml.data_validators.base_data_validator import (
    BaseDataValidator,
    BaseDataValidatorConfig,
    BaseDataValidatorFlavor,
)

from adclick.monitoring.report import DriftReport
from adclick.monitoring.workspace import publish


class ReportStoreConfig(BaseDataValidatorConfig):
    """`workspace` is a directory or any fsspec URL, such as a bucket's.

    With the address of an Evidently server as `server`, reports go there instead.
    """

    workspace: str
    server: str | None = None


class ReportStore(BaseDataValidator):
    """Publishes drift reports to an Evidently workspace, a project a model."""

    NAME = "Evidently workspace"

    @property
    def config(self) -> ReportStoreConfig:
        """The component's configuration."""
        return self._config

    def publish(self, reports: Sequence[DriftReport], project: str) -> int:
        """Add the reports that are not there yet; returns how many were added."""
        return publish(reports, self.config.server or self.config.workspace, project)


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
