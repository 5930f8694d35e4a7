"""Emulated: what the project's things are called, and the addresses that its hosts have."""

from __future__ import annotations

from typing import Final

PROJECT: Final = "emulated-project"
PROJECT_NUMBER: Final = "100000000001"
REGION: Final = "us-central1"
BUCKET: Final = "emulated-project-adclick"
REPOSITORY_ID: Final = "adclick"
REGISTRY: Final = f"{REGION}-docker.pkg.dev/{PROJECT}/{REPOSITORY_ID}"
PIPELINE_ACCOUNT: Final = f"adclick-pipelines@{PROJECT}.iam.gserviceaccount.com"
CLUSTER: Final = "adclick"
SERVING_NAMESPACE: Final = "serving"
SERVING_IMAGE: Final = f"{REGISTRY}/serving@sha256:{'0' * 64}"
STEPS_IMAGE: Final = f"{REGISTRY}/steps@sha256:{'0' * 64}"
# .env.example's defaults
PIPELINE_NAMESPACE: Final = "adclick-pipelines"
PIPELINE_KUBERNETES_ACCOUNT: Final = "adclick-pipelines"
TOKEN: Final = "emulated-access-token"

# of the block that is kept for documentation, on the namespace's own loopback interface
STORAGE_ADDRESS: Final = "203.0.113.1"
VERTEX_ADDRESS: Final = "203.0.113.2"
APIS_ADDRESS: Final = "203.0.113.3"
ZENML_ADDRESS: Final = "203.0.113.4"
CLUSTER_ADDRESS: Final = "203.0.113.5"
GATEWAY_ADDRESS: Final = "203.0.113.6"
METADATA_ADDRESS: Final = "169.254.169.254"
# of 127.0.0.1, behind those addresses: the room's ports are all free
STORAGE_PORT: Final = 4443
STORAGE_BACKEND_PORT: Final = 4444
ZENML_PORT: Final = 8080
CLUSTER_PORT: Final = 6443
GRPC_APIS_PORT: Final = 8081
REST_APIS_PORT: Final = 8082

ZENML_HOST: Final = "zenml.emulated-project.example"
GATEWAY_HOST: Final = "gateway.emulated-project.example"
METADATA_HOST: Final = "metadata.google.internal"
VERTEX_HOST: Final = f"{REGION}-aiplatform.googleapis.com"
STORAGE_HOST: Final = "storage.googleapis.com"
API_HOSTS: Final = tuple(
    f"{name}.googleapis.com"
    for name in (
        "aiplatform",
        "artifactregistry",
        "cloudbilling",
        "cloudbuild",
        "cloudquotas",
        "cloudresourcemanager",
        "compute",
        "container",
        "iam",
        "iamcredentials",
        "logging",
        "oauth2",
        "policytroubleshooter",
        "secretmanager",
        "serviceusage",
        "sts",
        "www",
    )
)
HOSTS: Final[dict[str, str]] = {
    "localhost": "127.0.0.1",
    STORAGE_HOST: STORAGE_ADDRESS,
    VERTEX_HOST: VERTEX_ADDRESS,
    **dict.fromkeys(API_HOSTS, APIS_ADDRESS),
    ZENML_HOST: ZENML_ADDRESS,
    GATEWAY_HOST: GATEWAY_ADDRESS,
    METADATA_HOST: METADATA_ADDRESS,
}


def hosts_file() -> str:
    """What /etc/hosts says in the cloud."""
    return "".join(f"{address} {host}\n" for host, address in HOSTS.items())
