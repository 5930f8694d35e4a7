"""The `seldon_local` model deployer: Seldon servers as processes of this machine."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from pydantic import Field
from zenml.model_deployers import BaseModelDeployerFlavor
from zenml.model_deployers.base_model_deployer import BaseModelDeployerConfig
from zenml.models.v2.misc.service import ServiceType
from zenml.services import ServiceConfig

from adclick.bundle.bundle import ServingBundle, load_bundle
from serving.deployment import Deployment
from serving.edge_options import EdgeOptions
from serving.options import NewImages, ServerKind
from serving.processes import LocalSeldon
from serving.versions import BUNDLE, VersionStore
from stacks.seldon_service import SeldonDeployer, SeldonService


class SeldonLocalConfig(BaseModelDeployerConfig):
    """Where on this machine, and how large.

    `state` is the folder of bundles, logs and predictions, `port` where the API answers, and `edge`
    whom it answers. The other settings of a server are those of serving.options.HostOptions.
    """

    state: str
    port: int = Field(ge=1, le=65535)
    workers: int = Field(default=2, ge=1)
    threads: int = Field(default=4, ge=1)
    server: ServerKind = "adclick"
    new_images: NewImages = "off"
    image_hosts: str = ""
    edge: EdgeOptions = EdgeOptions()


class SeldonLocalServiceConfig(ServiceConfig):
    """What ZenML keeps of a deployment."""

    bundle: str
    state: str
    port: int
    workers: int
    threads: int
    server: ServerKind = "adclick"
    new_images: NewImages = "off"
    image_hosts: str = ""
    edge: EdgeOptions = EdgeOptions()


class SeldonLocalService(SeldonService):
    """A version that a process of this machine serves."""

    SERVICE_TYPE: ClassVar[ServiceType] = ServiceType(
        name="seldon-local",
        type="model-serving",
        flavor="seldon_local",
        description="Seldon server process",
    )
    config: SeldonLocalServiceConfig

    @property
    def seldon(self) -> LocalSeldon:
        """The manager of the server processes."""
        return seldon_of(self.config)

    def start_serving(self) -> None:
        """Start the server."""
        self.seldon.deploy(load_bundle(self.config.bundle))


class SeldonLocalDeployer(SeldonDeployer):
    """Implements serving.deployer.Deployer with processes of this machine."""

    NAME: ClassVar[str] = "Seldon on this machine"
    SERVICE: ClassVar[type[SeldonService]] = SeldonLocalService

    @property
    def config(self) -> SeldonLocalConfig:
        """The component's configuration."""
        return self._config

    @property
    def seldon(self) -> LocalSeldon:
        """The manager of the server processes."""
        return seldon_of(self.config)

    @property
    def prediction_log(self) -> str:
        """Folder of the predictions that servers log."""
        return str(_prediction_log(self.config.state))

    @property
    def model(self) -> str | None:
        """The model that was deployed last, by ZenML's record."""
        record = self.recorded()
        return str(record.config["model_name"]) if record else None

    def begin(self, bundle: ServingBundle, model: str, traffic: int, shadow: bool) -> Deployment:
        """Serve a model's bundle; see LocalSeldon.deploy."""
        return self.seldon.deploy(bundle, traffic, shadow)

    def service_config(self, model: str, version: str) -> ServiceConfig:
        """The version, and how it is served."""
        return SeldonLocalServiceConfig(
            name=model,
            model_name=model,
            model_version=version,
            bundle=str(VersionStore(Path(self.config.state)).home(version) / BUNDLE),
            state=self.config.state,
            port=self.config.port,
            workers=self.config.workers,
            threads=self.config.threads,
            server=self.config.server,
            new_images=self.config.new_images,
            image_hosts=self.config.image_hosts,
            edge=self.config.edge,
        )


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


def seldon_of(config: SeldonLocalConfig | SeldonLocalServiceConfig) -> LocalSeldon:
    """The manager of the server processes that are configured so."""
    return LocalSeldon(
        Path(config.state),
        config.port,
        _prediction_log(config.state),
        workers=config.workers,
        threads=config.threads,
        server=config.server,
        new_images=config.new_images,
        image_hosts=config.image_hosts,
        edge=config.edge,
    )
