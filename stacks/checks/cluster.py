"""Ways to a Kubernetes cluster: GKE's through Google's credentials, any other by kubeconfig."""

from __future__ import annotations

import base64
import json
import ssl
from typing import Any, Protocol

import urllib3
from kubernetes.client import ApiClient, ApiException, Configuration

from serving.kubernetes.api import connect
from stacks.checks.check import Finding, fails, holds
from stacks.checks.google import CREDENTIALS, Google
from stacks.checks.web import SECONDS, ApiError

CONTAINER = "https://container.googleapis.com/v1"
RUNNING = ("RUNNING", "RECONCILING")

Resource = dict[str, Any]


class Cluster(Protocol):
    """A cluster; `client` is there once it was reached, for which the checks in `needs` hold."""

    needs: tuple[str, ...]
    name: str
    client: ApiClient

    def reach(self) -> Finding:
        """Find it and ask for its version."""
        ...

    @property
    def kubectl(self) -> str:
        """How a command for this cluster begins."""
        ...


class GkeCluster:
    """The cluster of this name in the project, reached as ZenML's connector does."""

    needs: tuple[str, ...] = (CREDENTIALS,)
    client: ApiClient

    def __init__(self, google: Google, name: str) -> None:
        self.name = name
        self._google = google
        self._location = "LOCATION"

    @property
    def kubectl(self) -> str:
        """How a command for this cluster begins."""
        return f"gcloud container clusters get-credentials {self._flags} && kubectl"

    @property
    def _flags(self) -> str:
        return f"{self.name} --location={self._location} --project={self._google.project}"

    def reach(self) -> Finding:
        """Find it among the project's, and ask for its version."""
        project = self._google.project
        answer = self._google.get(f"{CONTAINER}/projects/{project}/locations/-/clusters")
        clusters = {cluster["name"]: cluster for cluster in answer.get("clusters", ())}
        cluster = clusters.get(self.name)
        if cluster is None:
            known = ", ".join(clusters) or "none"
            return fails(
                f"{project} has no such cluster, but {known}",
                f"gcloud container clusters list --project={project}",
            )
        self._location = cluster["location"]
        if cluster["status"] not in RUNNING:
            return fails(
                f"it is {cluster['status']}",
                f"gcloud container operations list --location={self._location} --project={project}",
            )
        self.client = client_of(cluster, self._google.token)
        try:
            version = ask(self.client, "GET", "/version")
        except urllib3.exceptions.HTTPError as error:
            return fails(
                f"{self.client.configuration.host} can't be reached from here "
                f"({type(error).__name__})",
                f"gcloud container clusters update {self._flags} --enable-dns-access",
            )
        return holds(f"Kubernetes {version['gitVersion']} in {self._location}")


class ConfiguredCluster:
    """The cluster of a kubeconfig's context, else of its current one."""

    needs: tuple[str, ...] = ()
    client: ApiClient

    def __init__(self, context: str | None) -> None:
        self.name = context or "of the kubeconfig"
        self._context = context

    @property
    def kubectl(self) -> str:
        """How a command for this cluster begins."""
        return f"kubectl --context={self._context}" if self._context else "kubectl"

    def reach(self) -> Finding:
        """Read the kubeconfig, and ask for the cluster's version."""
        self.client = connect(self._context)
        try:
            version = ask(self.client, "GET", "/version")
        except urllib3.exceptions.HTTPError as error:
            host = self.client.configuration.host
            return fails(
                f"{host} can't be reached from here ({type(error).__name__})",
                f"{self.kubectl} cluster-info",
            )
        return holds(f"Kubernetes {version['gitVersion']} at {self.client.configuration.host}")


def ask(client: ApiClient, method: str, path: str, body: Resource | None = None) -> Resource:
    """The answer's JSON; raises ApiError for a refusal."""
    try:
        answer: Resource = client.call_api(
            path,
            method,
            header_params={"Accept": "application/json", "Content-Type": "application/json"},
            body=body,
            response_type="object",
            auth_settings=["BearerToken"],
            _return_http_data_only=True,
            _request_timeout=SECONDS,
        )
        return answer
    except ApiException as error:
        raise ApiError(client.configuration.host, error.status, _message(error)) from error


def client_of(cluster: Resource, token: str) -> ApiClient:
    """A client of a GKE cluster, by its description in the Container API."""
    configuration = Configuration()
    configuration.retries = False
    configuration.api_key = {"authorization": f"Bearer {token}"}
    dns = cluster.get("controlPlaneEndpointsConfig", {}).get("dnsEndpointConfig", {})
    if dns.get("endpoint") and dns.get("allowExternalTraffic"):
        # its certificate is one of the public authorities'
        configuration.host = f"https://{dns['endpoint']}"
        return ApiClient(configuration)
    configuration.host = f"https://{cluster['endpoint']}"
    authority = base64.b64decode(cluster["masterAuth"]["clusterCaCertificate"]).decode()
    client = ApiClient(configuration)
    # the client's own way is a file, which would have to stay
    trust = ssl.create_default_context(cadata=authority)
    client.rest_client.pool_manager.connection_pool_kw["ssl_context"] = trust
    return client


def _message(error: ApiException) -> str:
    try:
        return str(json.loads(error.body)["message"])
    except (ValueError, KeyError, TypeError):
        return str(error.reason)
