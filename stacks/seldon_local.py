"""The `seldon_local` model deployer: Seldon servers as processes of this machine."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import ClassVar
from uuid import UUID

from pydantic import Field
from zenml.client import Client
from zenml.enums import ServiceState
from zenml.model_deployers import BaseModelDeployer, BaseModelDeployerFlavor
from zenml.model_deployers.base_model_deployer import BaseModelDeployerConfig
from zenml.models.v2.misc.service import ServiceType
from zenml.services import BaseService, ServiceConfig, ServiceStatus
from zenml.services.service import BaseDeploymentService

from adclick.bundle.bundle import ServingBundle, load_bundle
from serving.deployment import Deployment, Status
from serving.processes import LocalSeldon
from serving.versions import BUNDLE, VersionStore


class SeldonLocalConfig(BaseModelDeployerConfig):
    """`state`: folder of bundles, logs and predictions; `port`: where the API answers."""

    state: str
    port: int = Field(ge=1, le=65535)
    workers: int = Field(default=2, ge=1)
    threads: int = Field(default=4, ge=1)


class SeldonLocalServiceConfig(ServiceConfig):
    """What ZenML keeps of a deployment."""

    bundle: str
    state: str
    port: int
    workers: int
    threads: int


class SeldonLocalService(BaseDeploymentService):
    """A deployed version as ZenML's `model-deployer models` commands see it."""

    SERVICE_TYPE: ClassVar[ServiceType] = ServiceType(
        name="seldon-local",
        type="model-serving",
        flavor="seldon_local",
        description="Seldon server process",
    )
    config: SeldonLocalServiceConfig
    status: ServiceStatus = ServiceStatus()

    @property
    def seldon(self) -> LocalSeldon:
        """The manager of the server process."""
        return _seldon(self.config)

    def check_status(self) -> tuple[ServiceState, str]:
        """Active while this version serves."""
        status = self.seldon.status()
        if status.version != self.config.model_version:
            return ServiceState.INACTIVE, f"serving {status.version or 'nothing'}"
        return (ServiceState.ACTIVE, "") if status.healthy else (ServiceState.ERROR, "not ready")

    def provision(self) -> None:
        """Start the server."""
        self.seldon.deploy(load_bundle(self.config.bundle))

    def deprovision(self, force: bool = False) -> None:
        """Stop the server, if it serves this version."""
        if self.seldon.status().version == self.config.model_version:
            self.seldon.stop()

    def get_logs(self, follow: bool = False, tail: int | None = None) -> Generator[str, bool, None]:
        """The server's last log lines."""
        log = self.seldon.status().log
        lines = log.read_text(encoding="utf-8").splitlines() if log and log.is_file() else []
        yield from lines[-tail:] if tail else lines

    def get_prediction_url(self) -> str | None:
        """Address of the predictions endpoint while this version serves."""
        status = self.seldon.status()
        return f"{status.url}/api/v1.0/predictions" if status.url else None

    def get_healthcheck_url(self) -> str | None:
        """Address of the readiness endpoint while this version serves."""
        status = self.seldon.status()
        return f"{status.url}/health/status" if status.url else None


class SeldonLocalDeployer(BaseModelDeployer):
    """Implements serving.deployer.Deployer, and what ZenML asks of a model deployer with it."""

    NAME: ClassVar[str] = "Seldon on this machine"

    @property
    def config(self) -> SeldonLocalConfig:
        """The component's configuration."""
        return self._config

    @property
    def prediction_log(self) -> str:
        """Folder of the predictions that servers log."""
        return str(_prediction_log(self.config.state))

    def deploy(self, bundle: ServingBundle, model: str) -> Deployment:
        """Serve a model's bundle and record it as ZenML service; see LocalSeldon.deploy."""
        deployment = _seldon(self.config).deploy(bundle)
        for record in Client().list_services(flavor=SeldonLocalService.SERVICE_TYPE.flavor).items:
            Client().delete_service(record.id)
        self.deploy_model(
            config=SeldonLocalServiceConfig(
                name=model,
                model_name=model,
                model_version=bundle.version,
                bundle=str(VersionStore(Path(self.config.state)).home(bundle.version) / BUNDLE),
                state=self.config.state,
                port=self.config.port,
                workers=self.config.workers,
                threads=self.config.threads,
            ),
            service_type=SeldonLocalService.SERVICE_TYPE,
        )
        return deployment

    def status(self) -> Status:
        """What serves now."""
        return _seldon(self.config).status()

    def stop(self) -> Status:
        """Stop serving; returns what served."""
        return _seldon(self.config).stop()

    def perform_deploy_model(
        self, id: UUID, config: ServiceConfig, timeout: int = 0
    ) -> BaseService:
        """Start the version's server, or find that it serves already."""
        service = SeldonLocalService(uuid=id, config=config)
        return self.perform_start_model(service, timeout)

    def perform_start_model(self, service: BaseService, timeout: int = 0) -> BaseService:
        """Start a recorded version."""
        service.provision()
        service.admin_state = ServiceState.ACTIVE
        service.update_status()
        return service

    def perform_stop_model(
        self, service: BaseService, timeout: int = 0, force: bool = False
    ) -> BaseService:
        """Stop a recorded version."""
        service.deprovision(force)
        service.admin_state = ServiceState.INACTIVE
        service.update_status()
        return service

    def perform_delete_model(
        self, service: BaseService, timeout: int = 0, force: bool = False
    ) -> None:
        """Stop a recorded version that is to be forgotten."""
        service.deprovision(force)

    @staticmethod
    def get_model_server_info(service: BaseService) -> dict[str, str | None]:
        """What `zenml model-deployer models describe` shows."""
        assert isinstance(service, SeldonLocalService)
        return {
            "VERSION": service.config.model_version,
            "PREDICTION_URL": service.get_prediction_url(),
            "LOG": str(service.seldon.status().log),
        }


class SeldonLocalFlavor(BaseModelDeployerFlavor):
    """Registers the deployer with ZenML."""

    @property
    def name(self) -> str:
        """The flavor's name in stacks/*.yaml."""
        return "seldon_local"

    @property
    def config_class(self) -> type[SeldonLocalConfig]:
        """What can be configured."""
        return SeldonLocalConfig

    @property
    def implementation_class(self) -> type[SeldonLocalDeployer]:
        """The component."""
        return SeldonLocalDeployer


SeldonLocalDeployer.FLAVOR = SeldonLocalFlavor


def _prediction_log(state: str) -> Path:
    return Path(state) / "predictions"


def _seldon(config: SeldonLocalConfig | SeldonLocalServiceConfig) -> LocalSeldon:
    return LocalSeldon(
        Path(config.state),
        config.port,
        _prediction_log(config.state),
        workers=config.workers,
        threads=config.threads,
    )
