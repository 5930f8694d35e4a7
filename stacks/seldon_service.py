"""What our model deployers share: a record in ZenML of what serves, and ZenML's verbs on it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Generator
from typing import ClassVar, Protocol
from uuid import UUID

from zenml.client import Client
from zenml.enums import ServiceState
from zenml.model_deployers import BaseModelDeployer
from zenml.models import ServiceResponse
from zenml.services import BaseService, ServiceConfig, ServiceStatus
from zenml.services.service import BaseDeploymentService

from adclick.bundle.bundle import ServingBundle
from serving.deployment import Deployment, Role, Status, Trial


class Seldon(Protocol):
    """What serves, wherever: a server of this machine, or a cluster's."""

    def status(self) -> Status:
        """What serves now."""
        ...

    def promote(self, seen: Trial | None = None) -> Status:
        """Make the version on trial the champion."""
        ...

    def rollback(self, seen: Trial | None = None) -> Status:
        """End the trial, or bring back the champion before."""
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
    """serving.deployer.Deployer, and what ZenML asks of one, over services of the class SERVICE.

    The champion is ZenML's one service of this flavor.
    """

    SERVICE: ClassVar[type[SeldonService]]

    @property
    @abstractmethod
    def seldon(self) -> Seldon:
        """Where versions serve."""

    @property
    @abstractmethod
    def model(self) -> str | None:
        """The model that serves, as far as is known; None before the first deployment."""

    @abstractmethod
    def begin(self, bundle: ServingBundle, model: str, traffic: int, shadow: bool) -> Deployment:
        """Serve a model's bundle."""

    @abstractmethod
    def service_config(self, model: str, version: str) -> ServiceConfig:
        """What ZenML keeps of a version that serves."""

    def deploy(
        self, bundle: ServingBundle, model: str, traffic: int = 100, shadow: bool = False
    ) -> Deployment:
        """Serve a model's bundle and record the champion in ZenML; see serving.deployer."""
        deployment = self.begin(bundle, model, traffic, shadow)
        if deployment.role is Role.CHAMPION:
            self._record(model, bundle.version)
        return deployment

    def promote(self, seen: Trial | None = None) -> Status:
        """Make the version on trial the champion, and record it; see serving.deployer."""
        return self._recorded(self.seldon.promote(seen))

    def rollback(self, seen: Trial | None = None) -> Status:
        """End the trial, or bring back the champion before; see serving.deployer."""
        return self._recorded(self.seldon.rollback(seen))

    def status(self) -> Status:
        """What serves now."""
        return self.seldon.status()

    def stop(self) -> Status:
        """Stop serving; returns what served."""
        return self.seldon.stop()

    def recorded(self) -> ServiceResponse | None:
        """ZenML's record of what served last."""
        found = Client().list_services(flavor=self.SERVICE.SERVICE_TYPE.flavor, hydrate=True)
        return next(iter(found.items), None)

    def _recorded(self, status: Status) -> Status:
        model = self.model
        if status.version is not None and model is not None:
            self._record(model, status.version)
        return status

    def _record(self, model: str, version: str) -> None:
        kind = self.SERVICE.SERVICE_TYPE
        for former in Client().list_services(flavor=kind.flavor).items:
            Client().delete_service(former.id)
        self.deploy_model(config=self.service_config(model, version), service_type=kind)

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
