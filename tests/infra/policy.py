"""What infra/ must hold to, as functions from planned resources to the problems they have."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

# every role that may be given, and what for
ROLES = {
    "roles/aiplatform.user": "starts Vertex AI jobs, and the jobs that those start",
    "roles/artifactregistry.reader": "pulls images, from our repository alone",
    "roles/artifactregistry.writer": "pushes images, to our repository alone",
    "roles/cloudbuild.builds.editor": "submits image builds, and sees how they went",
    "roles/compute.viewer": "`run.py --check` looks up machines and GPUs of the region",
    "roles/container.clusterViewer": "finds the cluster; what it may do there, RBAC says",
    "roles/container.defaultNodeServiceAccount": "what a node needs: logs and metrics",
    "roles/iam.serviceAccountUser": "runs jobs or builds as one of our accounts",
    "roles/iam.workloadIdentityUser": "a pod stands for one of our accounts",
    "roles/logging.logWriter": "jobs and builds log",
    "roles/serviceusage.serviceUsageConsumer": "calls APIs on the project's quota",
    "roles/storage.objectCreator": "servers log predictions, and read none",
    "roles/storage.objectUser": "pipelines write and clean up artifacts",
    "roles/storage.objectViewer": "reads data, bundles, reports or build contexts",
}
CUSTOM_PERMISSIONS = {"storage.buckets.get"}
IN_PROJECT = {
    "roles/aiplatform.user",
    "roles/cloudbuild.builds.editor",
    "roles/compute.viewer",
    "roles/container.clusterViewer",
    "roles/container.defaultNodeServiceAccount",
    "roles/logging.logWriter",
    "roles/serviceusage.serviceUsageConsumer",
}
SECRET_ARGUMENTS = (
    "password",
    "root_password",
    "secret_data",
    "private_key",
    "data",
    "set_sensitive",
)


@dataclass(frozen=True)
class Resource:
    """A resource of a plan: its address, its type, and what is known of its arguments."""

    address: str
    type: str
    values: dict[str, Any]


Rule = Callable[[Resource], Iterator[str]]


def problems(resources: list[Resource]) -> list[str]:
    """What the resources break of all rules, each with its address."""
    return [
        f"{resource.address}: {problem}"
        for resource in resources
        for rule in RULES
        for problem in rule(resource)
    ]


def roles(resource: Resource) -> Iterator[str]:
    """Only listed roles are given, and in the whole project those that have no smaller place."""
    role = resource.values.get("role")
    if "_iam_" not in resource.type or role is None:
        return
    if role not in ROLES:
        yield f"{role} is not among the roles of policy.py"
    if resource.type == "google_project_iam_member" and role not in IN_PROJECT:
        yield f"{role} is for the whole project"


def members(resource: Resource) -> Iterator[str]:
    """Nothing is given to everybody, and no policy or binding replaces what others were given."""
    for name in ("member", "members"):
        given = str(resource.values.get(name))
        if "allUsers" in given or "allAuthenticatedUsers" in given:
            yield "is given to everybody"
    if resource.type.endswith(("_iam_policy", "_iam_binding")):
        yield "takes away what others were given"


def custom_roles(resource: Resource) -> Iterator[str]:
    """A role of our own has listed permissions alone."""
    if resource.type == "google_project_iam_custom_role":
        for permission in set(resource.values["permissions"]) - CUSTOM_PERMISSIONS:
            yield f"{permission} is not among the permissions of policy.py"


def keys(resource: Resource) -> Iterator[str]:
    """No account has a key."""
    if resource.type == "google_service_account_key":
        yield "is a key that somebody can copy"


def buckets(resource: Resource) -> Iterator[str]:
    """Buckets are closed to the public, and content can be had back."""
    if resource.type == "google_storage_bucket":
        if not resource.values["uniform_bucket_level_access"]:
            yield "has access lists by object"
        if resource.values["public_access_prevention"] != "enforced":
            yield "can be opened to the public"
        if not resource.values["soft_delete_policy"][0]["retention_duration_seconds"] >= 604800:
            yield "keeps deleted objects for less than a week"


def cluster(resource: Resource) -> Iterator[str]:
    """Nodes and control plane have no public address, pods no account of a node."""
    values = resource.values
    if resource.type != "google_container_cluster":
        return
    if not values["private_cluster_config"][0]["enable_private_nodes"]:
        yield "has nodes with public addresses"
    if values["control_plane_endpoints_config"][0]["ip_endpoints_config"][0]["enabled"]:
        yield "has a control plane with an address"
    if not values["workload_identity_config"]:
        yield "has no workload identity"
    if not values["enable_shielded_nodes"]:
        yield "has nodes that are not shielded"
    if not values["release_channel"]:
        yield "is in no release channel"


def nodes(resource: Resource) -> Iterator[str]:
    """Nodes are private, boot what Google signed, and hide their account from pods."""
    if resource.type != "google_container_node_pool":
        return
    config = resource.values["node_config"][0]
    if not resource.values["network_config"][0]["enable_private_nodes"]:
        yield "has public addresses"
    if not config["shielded_instance_config"][0]["enable_secure_boot"]:
        yield "boots what nobody signed"
    if config["workload_metadata_config"][0]["mode"] != "GKE_METADATA":
        yield "shows its account to pods"
    if not (resource.values["management"][0]["auto_repair"] and resource.values["autoscaling"]):
        yield "neither mends itself nor grows"


def database(resource: Resource) -> Iterator[str]:
    """The database has no public address, encrypts, and is backed up."""
    if resource.type == "google_sql_database_instance":
        settings = resource.values["settings"][0]
        if settings["ip_configuration"][0]["ipv4_enabled"]:
            yield "has a public address"
        if settings["ip_configuration"][0]["ssl_mode"] != "ENCRYPTED_ONLY":
            yield "takes connections that are not encrypted"
        if not settings["backup_configuration"][0]["enabled"]:
            yield "is not backed up"


def doors(resource: Resource) -> Iterator[str]:
    """No firewall rule is open to the internet, and Kubernetes rights name what they are for."""
    if resource.type == "google_compute_firewall":
        yield from ["is open to the internet"] * ("0.0.0.0/0" in resource.values["source_ranges"])
    if resource.type in ("kubernetes_role_v1", "kubernetes_cluster_role_v1"):
        for rule in resource.values["rule"]:
            if "*" in [*rule["verbs"], *rule["resources"], *rule["api_groups"]]:
                yield "gives everything"
    if resource.type.startswith("kubernetes_cluster_role"):
        yield "reaches beyond the namespace"


def secrets(resource: Resource) -> Iterator[str]:
    """No secret is an argument that the state keeps."""
    if resource.type.startswith(("google_secret", "google_sql", "kubernetes_secret", "helm_")):
        for name in SECRET_ARGUMENTS:
            if resource.values.get(name):
                yield f"{name} would be kept in the state"


RULES: tuple[Rule, ...] = (
    roles,
    members,
    custom_roles,
    keys,
    buckets,
    cluster,
    nodes,
    database,
    doors,
    secrets,
)
