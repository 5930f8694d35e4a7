"""What our model deployers share: a record in ZenML of what serves, and ZenML's verbs on it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Generator
from typing import ClassVar, Protocol
from uuid import UUID

from zenml.client import Client
from zenml.enums import ServiceState
from zenml.model_deployers import BaseModelDeployer
from zenml.services import BaseService, ServiceConfig, ServiceStatus
from zenml.services.service import BaseDeploymentService

from serving.deployment import Status


class Seldon(Protocol):
    """What serves, wherever: a server of this machine, or a cluster's."""

    def status(self) -> Status:
        """What serves now."""
        ...

    def stop(self) -> Status:
        """Stop serving; returns what served."""
        ...


class SeldonService(BaseDeploymentService):
    """A deployed version as ZenML's `model-deployer models` commands see it."""

    status: ServiceStatus = ServiceStatus()

    @property
    @abstractmethod
    def seldon(self) -> Seldon:
        """Where it serves."""

    @abstractmethod
    def start_serving(self) -> None:
        """Serve this version, in the place of what serves now."""

    def check_status(self) -> tuple[ServiceState, str]:
        """Active while this version serves."""
        status = self.seldon.status()
        if status.version != self.config.model_version:
            return ServiceState.INACTIVE, f"serving {status.version or 'nothing'}"
        return (ServiceState.ACTIVE, "") if status.healthy else (ServiceState.ERROR, "not ready")

    def provision(self) -> None:
        """Serve this version, unless it does."""
        if self.check_status()[0] != ServiceState.ACTIVE:
            self.start_serving()

    def deprovision(self, force: bool = False) -> None:
        """Stop serving, if it is this version that serves."""
        if self.seldon.status().version == self.config.model_version:
            self.seldon.stop()

    def get_logs(self, follow: bool = False, tail: int | None = None) -> Generator[str, bool, None]:
        """The server's last log lines, where they are on this machine."""
        champion = self.seldon.status().champion
        log = champion.log if champion else None
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


class SeldonDeployer(BaseModelDeployer):
    """What ZenML asks of a model deployer, over services of the class SERVICE."""

    SERVICE: ClassVar[type[SeldonService]]

    @property
    @abstractmethod
    def seldon(self) -> Seldon:
        """Where versions serve."""

    def status(self) -> Status:
        """What serves now."""
        return self.seldon.status()

    def stop(self) -> Status:
        """Stop serving; returns what served."""
        return self.seldon.stop()

    def record(self, config: ServiceConfig) -> None:
        """Keep what serves now as ZenML's one service of this flavor."""
        kind = self.SERVICE.SERVICE_TYPE
        for former in Client().list_services(flavor=kind.flavor).items:
            Client().delete_service(former.id)
        self.deploy_model(config=config, service_type=kind)

    def perform_deploy_model(
        self, id: UUID, config: ServiceConfig, timeout: int = 0
    ) -> BaseService:
        """Serve a version, or find that it serves already."""
        return self.perform_start_model(self.SERVICE(uuid=id, config=config), timeout)

    def perform_start_model(self, service: BaseService, timeout: int = 0) -> BaseService:
        """Serve a recorded version."""
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
        assert isinstance(service, SeldonService)
        champion = service.seldon.status().champion
        log = champion.log if champion else None
        return {
            "VERSION": service.config.model_version,
            "PREDICTION_URL": service.get_prediction_url(),
            **({"LOG": str(log)} if log else {}),
        }
