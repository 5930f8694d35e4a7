"""What is to be served on Kubernetes, said without Kubernetes' words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from serving.options import NewImages, ServerKind


@dataclass(frozen=True)
class Resources:
    """What each pod gets: its share of `cpu` (no upper limit) and `memory` (at most that).

    A CPU limit would throttle a server in the middle of a request, whatever is idle beside it.
    """

    cpu: str = "500m"
    memory: str = "512Mi"


@dataclass(frozen=True)
class Autoscaling:
    """`minimum` to `maximum` pods, as many as keep their CPU at `cpu_percent` of what they ask."""

    minimum: int
    maximum: int
    cpu_percent: int = 70


@dataclass(frozen=True)
class Predictor:
    """A version and its share of the requests.

    `bundle` is the URI of its bundle. `traffic` is in percent; of a `shadow` it is the percentage
    that is mirrored to it, with its answers thrown away. `autoscaling` takes the place of
    `replicas`. With `grpc` it answers Seldon's gRPC too. The rest is as in HostOptions.
    """

    version: str
    bundle: str
    image: str
    traffic: int = 100
    shadow: bool = False
    replicas: int = 1
    autoscaling: Autoscaling | None = None
    resources: Resources = Resources()
    workers: int = 2
    threads: int = 4
    grpc: bool = False
    server: ServerKind = "adclick"
    new_images: NewImages = "off"
    image_hosts: str = ""


@dataclass(frozen=True)
class ServingDescription:
    """A model's versions behind one address, /seldon/`namespace`/`name` of the gateway.

    Answered requests are logged below `prediction_log`, a bucket prefix. Where `request_logger`,
    the URL of a Seldon logger, is given, requests and answers go there as CloudEvents too.
    `environment` is for plain settings; of each Kubernetes Secret named in `secrets` all keys
    become environment variables of the servers, and the manifest never sees their values.
    `service_account` is the one that may read the bundles and write the log. Before a logger a
    server has `answer_seconds` to answer.
    """

    name: str
    namespace: str
    model: str
    predictors: tuple[Predictor, ...]
    prediction_log: str
    request_logger: str | None = None
    service_account: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    answer_seconds: float = 15.0
