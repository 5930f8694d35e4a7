"""What may be wrong with cluster, gateway and ZenML server, and the commands that mend it."""

from __future__ import annotations

from tests.gcp.checks.fault import Fault
from tests.gcp.checks.world import CLUSTER, GET_CREDENTIALS, IN_PROJECT, NAMESPACE, World
from tests.gcp.cloud import names
from tests.gcp.cloud.project import ACCOUNT

SERVICE = "kubectl get service istio-ingressgateway --namespace=istio-system"


def _no_cluster(world: World) -> None:
    world.project.clusters.clear()


def _cluster_stops(world: World) -> None:
    world.project.clusters[names.CLUSTER]["status"] = "STOPPING"


def _cluster_apart(world: World) -> None:
    world.project.clusters[names.CLUSTER]["endpoint"] = "127.0.0.1:1"


def _no_seldon(world: World) -> None:
    world.facts.seldon = False


def _no_namespace(world: World) -> None:
    world.facts.namespaces.clear()


def _no_deploying(world: World) -> None:
    world.facts.lacking |= {("patch", "seldondeployments"), ("list", "events")}


def _gateway_503(world: World) -> None:
    world.gateway["status"] = 503


def _gateway_gone(world: World) -> None:
    world.web.addresses[names.GATEWAY_HOST] = "127.0.0.1:1"


def _old_server(world: World) -> None:
    world.zenml.version = "0.97.1"


def _local_server(world: World) -> None:
    world.environment["ZENML_STORE_URL"] = "http://127.0.0.1:8237"


def _no_server(world: World) -> None:
    world.web.addresses[names.ZENML_HOST] = "127.0.0.1:1"


def _wrong_key(world: World) -> None:
    world.environment["ZENML_STORE_API_KEY"] = "ZENKEY-of-another"


CLUSTER_FAULTS: dict[str, Fault] = {
    "no cluster": Fault(
        _no_cluster,
        CLUSTER,
        f"{names.PROJECT} has no such cluster",
        f"gcloud container clusters list {IN_PROJECT}",
    ),
    "cluster stops": Fault(
        _cluster_stops,
        CLUSTER,
        "it is STOPPING",
        f"gcloud container operations list --location={names.REGION} {IN_PROJECT}",
    ),
    "cluster out of reach": Fault(
        _cluster_apart,
        CLUSTER,
        "https://127.0.0.1:1 can't be reached from here",
        f"gcloud container clusters update {names.CLUSTER} --location={names.REGION} "
        f"{IN_PROJECT} --enable-dns-access",
    ),
    "no Seldon": Fault(
        _no_seldon,
        "Seldon",
        "the cluster has no seldondeployments.machinelearning.seldon.io v1",
        f"{GET_CREDENTIALS}helm install seldon-core seldon-core-operator ",
    ),
    "no namespace": Fault(
        _no_namespace,
        NAMESPACE,
        "it does not exist",
        f"{GET_CREDENTIALS}kubectl create namespace {names.SERVING_NAMESPACE}",
    ),
    "may not deploy": Fault(
        _no_deploying,
        f"rights in {NAMESPACE}",
        f"{ACCOUNT} may not patch seldondeployments, list events",
        f"{GET_CREDENTIALS}kubectl create role adclick-deployer-seldondeployments "
        f"--namespace={names.SERVING_NAMESPACE} --verb=create,delete,get,patch "
        "--resource=seldondeployments.machinelearning.seldon.io && kubectl create rolebinding "
        f"adclick-deployer-seldondeployments --namespace={names.SERVING_NAMESPACE} "
        f"--role=adclick-deployer-seldondeployments --user={ACCOUNT} && ",
    ),
    "gateway without a server": Fault(_gateway_503, "gateway", "answers 503", SERVICE),
    "gateway gone": Fault(
        _gateway_gone,
        "gateway",
        f"{names.GATEWAY_HOST} can't be reached (NewConnectionError)",
        SERVICE,
    ),
    "server of another version": Fault(
        _old_server,
        "ZenML server",
        "its version is 0.97.1, this client's is 0.98.0",
        "helm upgrade zenml oci://public.ecr.aws/zenml/zenml --version=0.98.0 "
        "--namespace=zenml --reuse-values",
    ),
    "server of this machine": Fault(
        _local_server,
        "ZenML server",
        "http://127.0.0.1:8237 is this machine's own",
        "export ZENML_STORE_URL=https://SERVER",
    ),
    "server gone": Fault(
        _no_server,
        "ZenML server",
        f"{names.ZENML_HOST} can't be reached (NewConnectionError)",
        f"curl --fail --show-error https://{names.ZENML_HOST}/api/v1/info",
    ),
    "wrong key": Fault(
        _wrong_key,
        "ZenML account",
        "the server does not know the API key",
        f"zenml login https://{names.ZENML_HOST} && zenml service-account create adclick",
    ),
}
