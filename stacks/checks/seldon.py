"""Checks of Seldon on a cluster: the cluster, the operator, rights, the gateway, the image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import requests

from serving.kubernetes.manifest import API_VERSION
from serving.kubernetes.policies import GATEWAY_NAMESPACE
from stacks.checks.artifact_registry import Repository, image_check
from stacks.checks.check import Check, Finding, fails, holds
from stacks.checks.kubernetes import Asked, cluster_check, namespace_checks, on_cluster
from stacks.checks.subject import Subject
from stacks.checks.web import SECONDS, ApiError, Web, unreachable
from stacks.definition import ComponentDefinition

if TYPE_CHECKING:
    from stacks.checks.cluster import Cluster

GROUP, VERSION = API_VERSION.split("/")
RESOURCE = "seldondeployments"
OPERATOR = (
    "helm install seldon-core seldon-core-operator "
    "--repo=https://storage.googleapis.com/seldon-charts --set=istio.enabled=true "
    "--namespace=seldon-system --create-namespace"
)
# what serving.kubernetes asks of the cluster
DEPLOYMENT: Asked = (
    (RESOURCE, GROUP, ("create", "delete", "get", "patch")),
    ("pods", "", ("list",)),
    ("pods/proxy", "", ("create", "get")),
    ("events", "", ("list",)),
)
# and of the gateway's namespace, where the gateway asks for tokens
POLICIES: Asked = tuple(
    (resource, "security.istio.io", ("create", "delete", "patch"))
    for resource in ("requestauthentications", "authorizationpolicies")
)
MISSING, SERVER_ERROR = 404, 500


def seldon_checks(subject: Subject, component: ComponentDefinition) -> Sequence[Check]:
    """Whether the deployer of this configuration finds all that it needs."""
    cluster, settings = subject.cluster(component), component.configuration
    gateway, image = str(settings["gateway_url"]), str(settings["image"])
    reached = cluster_check(cluster)
    guarded = str(settings.get("gateway_namespace", GATEWAY_NAMESPACE))
    tokens = (
        namespace_checks(cluster, guarded, "adclick-gateway", POLICIES) if "jwt" in settings else []
    )
    in_registry = Repository.of(image) is not None
    return [
        *([image_check(subject.google, "serving image", image)] if in_registry else []),
        reached,
        Check("Seldon", lambda: _operator(cluster), (reached.name,)),
        *namespace_checks(cluster, str(settings["namespace"]), "adclick-deployer", DEPLOYMENT),
        *tokens,
        Check("gateway", lambda: _gateway(subject.web, gateway)),
    ]


def _operator(cluster: Cluster) -> Finding:
    missing = fails(
        f"the cluster has no {RESOURCE}.{GROUP} {VERSION}",
        f"{cluster.kubectl.removesuffix('kubectl')}{OPERATOR}",
    )
    try:
        # whoever is signed in may ask for it, which is not so of the definition itself
        offered = on_cluster(cluster, "GET", f"/apis/{API_VERSION}")
    except ApiError as error:
        if error.status != MISSING:
            raise
        return missing
    if RESOURCE not in [resource["name"] for resource in offered["resources"]]:
        return missing
    return holds(f"{RESOURCE}.{GROUP} {VERSION}")


def _gateway(web: Web, url: str) -> Finding:
    service = "kubectl get service istio-ingressgateway --namespace=istio-system"
    try:
        answer = web.session().get(url, timeout=SECONDS, allow_redirects=False)
    except requests.RequestException as error:
        return fails(unreachable(error), service)
    if answer.status_code >= SERVER_ERROR:
        return fails(f"{url} answers {answer.status_code}", service)
    # a gateway knows no page of its own: 404 is an answer
    return holds(f"{url} answers {answer.status_code} ({answer.headers.get('Server', 'unnamed')})")
