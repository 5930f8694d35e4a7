"""The `seldon_kubernetes` model deployer: Seldon on a Kubernetes cluster, such as GKE."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import ClassVar, Self

from kubernetes.client import ApiClient
from pydantic import Field, field_validator, model_validator
from zenml.client import Client
from zenml.constants import KUBERNETES_CLUSTER_RESOURCE_TYPE
from zenml.model_deployers import BaseModelDeployerFlavor
from zenml.model_deployers.base_model_deployer import BaseModelDeployerConfig
from zenml.models import ServiceConnectorRequirements
from zenml.models.v2.misc.service import ServiceType
from zenml.services import ServiceConfig

from adclick.bundle.bundle import ServingBundle
from adclick.bundle.store import fetch
from adclick.errors import AdclickError
from serving.deployment import Deployment
from serving.edge_options import JwtOptions
from serving.kubernetes.api import KubernetesApi, connect
from serving.kubernetes.cluster import KubernetesSeldon
from serving.kubernetes.description import Autoscaling, Resources
from serving.kubernetes.policies import GATEWAY_NAMESPACE, TokenGate
from serving.kubernetes.settings import KubernetesSettings
from serving.options import NewImages, ServerKind
from stacks.seldon_service import SeldonDeployer, SeldonService

DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")


class SeldonKubernetesConfig(BaseModelDeployerConfig):
    """Where on which cluster, and how large.

    The cluster is that of the component's service connector; without one, that of
    `kubernetes_context` or of the kubeconfig's current context. `gateway_url` is the ingress
    gateway's address. `image` is the serving image by digest; or with `image_by_tag` by a tag,
    which may say something else tomorrow. `bundles` and `prediction_log` are bucket prefixes, which
    `service_account` may read and write. With `max_replicas` there are `replicas` to `max_replicas`
    pods, as many as keep their CPU at `cpu_percent` of `cpu`. The keys of each Kubernetes Secret in
    `secret_names` become environment variables of the servers. With `grpc` they answer Seldon's
    gRPC too; the other settings of a server are those of serving.options.HostOptions. With `jwt`
    the ingress gateway, whose pods are those of `gateway_namespace` with `gateway_labels`, asks for
    tokens. With `request_logger` a server has `answer_seconds` to answer.
    """

    namespace: str
    gateway_url: str
    image: str
    image_by_tag: bool = False
    bundles: str
    prediction_log: str
    name: str = "adclick"
    kubernetes_context: str | None = None
    service_account: str | None = None
    request_logger: str | None = None
    secret_names: tuple[str, ...] = ()
    replicas: int = Field(default=1, ge=1)
    max_replicas: int | None = Field(default=None, ge=1)
    cpu_percent: int = Field(default=70, ge=1)
    cpu: str = "500m"
    memory: str = "512Mi"
    workers: int = Field(default=2, ge=1)
    threads: int = Field(default=4, ge=1)
    grpc: bool = False
    server: ServerKind = "adclick"
    new_images: NewImages = "off"
    image_hosts: str = ""
    jwt: JwtOptions | None = None
    gateway_namespace: str = GATEWAY_NAMESPACE
    gateway_labels: dict[str, str] = Field(default={"istio": "ingressgateway"})
    answer_seconds: float = Field(default=15.0, gt=0)
    ready_seconds: float = Field(default=600.0, gt=0)
    route_seconds: float = Field(default=60.0, gt=0)

    @field_validator("bundles", "prediction_log")
    @classmethod
    def _is_url(cls, value: str) -> str:
        if "://" not in value:
            raise ValueError(f"{value} is no URL of a bucket: pods see no folder of this machine")
        return value

    @model_validator(mode="after")
    def _names_one_image(self) -> Self:
        if not self.image_by_tag and not DIGEST.search(self.image):
            raise ValueError(
                f"image {self.image} is not named by digest (NAME@sha256:...), so that pods of one "
                "version could run different code: name it so, or set image_by_tag"
            )
        return self

    @field_validator("jwt")
    @classmethod
    def _istio_trusts_public_cas(cls, jwt: JwtOptions | None) -> JwtOptions | None:
        if jwt is not None and jwt.jwks_ca is not None:
            raise ValueError("jwks_ca is none of Istio's settings: name the keys as a file")
        return jwt

    @property
    def _gate(self) -> TokenGate | None:
        if self.jwt is None:
            return None
        return TokenGate(self.jwt, self.gateway_namespace, self.gateway_labels)

    @property
    def settings(self) -> KubernetesSettings:
        """The same in serving's words."""
        most = self.max_replicas
        scaled = Autoscaling(self.replicas, most, self.cpu_percent) if most else None
        return KubernetesSettings(
            namespace=self.namespace,
            name=self.name,
            gateway_url=self.gateway_url,
            bundles=self.bundles,
            prediction_log=self.prediction_log,
            image=self.image,
            replicas=self.replicas,
            autoscaling=scaled,
            resources=Resources(self.cpu, self.memory),
            workers=self.workers,
            threads=self.threads,
            grpc=self.grpc,
            server=self.server,
            new_images=self.new_images,
            image_hosts=self.image_hosts,
            request_logger=self.request_logger,
            service_account=self.service_account,
            secrets=self.secret_names,
            gate=self._gate,
            answer_seconds=self.answer_seconds,
            ready_seconds=self.ready_seconds,
            route_seconds=self.route_seconds,
        )


class SeldonKubernetesServiceConfig(ServiceConfig):
    """What ZenML keeps of a deployment: `bundle` is where it was published."""

    bundle: str


class SeldonKubernetesService(SeldonService):
    """A version that a cluster serves."""

    SERVICE_TYPE: ClassVar[ServiceType] = ServiceType(
        name="seldon-kubernetes",
        type="model-serving",
        flavor="seldon_kubernetes",
        description="SeldonDeployment",
    )
    config: SeldonKubernetesServiceConfig

    @property
    def seldon(self) -> KubernetesSeldon:
        """The cluster of the active stack, whose deployer has the credentials."""
        deployer = Client().active_stack.model_deployer
        if not isinstance(deployer, SeldonKubernetesDeployer):
            raise AdclickError(
                f"version {self.config.model_version} is served by a stack with the "
                "seldon_kubernetes deployer: make that the active one"
            )
        return deployer.seldon

    def start_serving(self) -> None:
        """Deploy the version from the bucket where it was published."""
        with tempfile.TemporaryDirectory() as folder:
            bundle = fetch(self.config.bundle, Path(folder))
            self.seldon.deploy(bundle, str(self.config.model_name))


class SeldonKubernetesDeployer(SeldonDeployer):
    """Implements serving.deployer.Deployer with a SeldonDeployment of a cluster."""

    NAME: ClassVar[str] = "Seldon on Kubernetes"
    SERVICE: ClassVar[type[SeldonService]] = SeldonKubernetesService

    @property
    def config(self) -> SeldonKubernetesConfig:
        """The component's configuration."""
        return self._config

    @property
    def seldon(self) -> KubernetesSeldon:
        """The manager of the SeldonDeployment."""
        return KubernetesSeldon(
            KubernetesApi(self._client(), self.config.namespace), self.config.settings
        )

    @property
    def prediction_log(self) -> str:
        """Bucket prefix of the predictions that servers log."""
        return self.config.prediction_log

    @property
    def model(self) -> str | None:
        """The model that the cluster serves."""
        return self.seldon.model

    def begin(self, bundle: ServingBundle, model: str, traffic: int, shadow: bool) -> Deployment:
        """Serve a model's bundle; see KubernetesSeldon.deploy."""
        return self.seldon.deploy(bundle, model, traffic, shadow)

    def service_config(self, model: str, version: str) -> ServiceConfig:
        """The version, and where its bundle is."""
        return SeldonKubernetesServiceConfig(
            name=model,
            model_name=model,
            model_version=version,
            bundle=self.seldon.bundle_uri(version),
        )

    def _client(self) -> ApiClient:
        connector = self.get_connector()
        if connector is None:
            return connect(self.config.kubernetes_context)
        client = connector.connect()
        if not isinstance(client, ApiClient):
            raise AdclickError(
                f"service connector {connector.name} gives no Kubernetes client: connect one for a "
                f"{KUBERNETES_CLUSTER_RESOURCE_TYPE}"
            )
        return client


class SeldonKubernetesFlavor(BaseModelDeployerFlavor):
    """Registers the deployer with ZenML."""

    @property
    def name(self) -> str:
        """The flavor's name in stacks/*.yaml."""
        return "seldon_kubernetes"

    @property
    def service_connector_requirements(self) -> ServiceConnectorRequirements:
        """Which service connectors fit."""
        return ServiceConnectorRequirements(resource_type=KUBERNETES_CLUSTER_RESOURCE_TYPE)

    @property
    def config_class(self) -> type[SeldonKubernetesConfig]:
        """What can be configured."""
        return SeldonKubernetesConfig

    @property
    def implementation_class(self) -> type[SeldonKubernetesDeployer]:
        """The component."""
        return SeldonKubernetesDeployer


SeldonKubernetesDeployer.FLAVOR = SeldonKubernetesFlavor
