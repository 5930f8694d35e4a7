"""Where and how large a model is served on a cluster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from serving.kubernetes.description import Autoscaling, Predictor, Resources, ServingDescription
from serving.kubernetes.policies import TokenGate
from serving.options import NewImages, ServerKind


@dataclass(frozen=True)
class KubernetesSettings:
    """What stays the same from version to version.

    `gateway_url` is the ingress gateway's address, without the path of a model. `bundles` and
    `prediction_log` are bucket prefixes: where versions are published, and where their servers log.
    `gate` says whose tokens the gateway asks for, if it does.
    A version has `ready_seconds` to start in, nodes that have to be added first included, and then
    `route_seconds` until the gateway answers with it.
    """

    namespace: str
    name: str
    gateway_url: str
    bundles: str
    prediction_log: str
    image: str
    replicas: int = 1
    autoscaling: Autoscaling | None = None
    resources: Resources = field(default_factory=Resources)
    workers: int = 2
    threads: int = 4
    grpc: bool = False
    server: ServerKind = "adclick"
    new_images: NewImages = "off"
    image_hosts: str = ""
    request_logger: str | None = None
    service_account: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    gate: TokenGate | None = None
    answer_seconds: float = 15.0
    ready_seconds: float = 600.0
    route_seconds: float = 60.0

    @property
    def url(self) -> str:
        """The address under which the gateway serves the model."""
        return f"{self.gateway_url.rstrip('/')}/seldon/{self.namespace}/{self.name}"

    def description(self, version: str, bundle: str, model: str) -> ServingDescription:
        """A version of `model` with its bundle at the URI `bundle`, for all requests."""
        predictor = Predictor(
            version=version,
            bundle=bundle,
            image=self.image,
            replicas=self.replicas,
            autoscaling=self.autoscaling,
            resources=self.resources,
            workers=self.workers,
            threads=self.threads,
            grpc=self.grpc,
            server=self.server,
            new_images=self.new_images,
            image_hosts=self.image_hosts,
        )
        return ServingDescription(
            name=self.name,
            namespace=self.namespace,
            model=model,
            predictors=(predictor,),
            prediction_log=self.prediction_log,
            request_logger=self.request_logger,
            service_account=self.service_account,
            environment=self.environment,
            secrets=self.secrets,
            answer_seconds=self.answer_seconds,
        )
