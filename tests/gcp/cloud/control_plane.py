"""Emulated: the gRPC APIs by which ZenML finds cluster and registry, builds images, gcsfs learns a
bucket's kind, and Vertex AI's client whose project a bucket is.
"""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
from google.cloud.artifactregistry_v1 import types as registry
from google.cloud.container_v1 import types as container
from google.cloud.location import locations_pb2
from google.cloud.resourcemanager_v3 import types as projects

from tests.gcp.cloud import cloud_build, names
from tests.gcp.cloud.guarded import guarded, method

PARENT = f"projects/{names.PROJECT}/locations"
CONTAINER = "google.container.v1.ClusterManager"
REGISTRY = "google.devtools.artifactregistry.v1.ArtifactRegistry"
STORAGE_CONTROL = "google.storage.control.v2.StorageControl"
PROJECTS = "google.cloud.resourcemanager.v3.Projects"
LOCATIONS = "google.cloud.location.Locations"


def serve(authority: Path, builds: Path) -> grpc.Server:
    """Start them behind the edge, until what is returned is stopped or forgotten.

    `authority` is what the cluster's clients are told to trust; Cloud Build notes in the folder
    `builds` what it was given.
    """
    server = grpc.server(ThreadPoolExecutor(4))
    cluster = _cluster(authority)

    def list_clusters(request: Any, context: grpc.ServicerContext) -> Any:
        _check_parent(request.parent, context)
        return container.ListClustersResponse(clusters=[cluster])

    def get_cluster(request: Any, context: grpc.ServicerContext) -> Any:
        if request.name != f"{PARENT}/{names.REGION}/clusters/{names.CLUSTER}":
            context.abort(grpc.StatusCode.NOT_FOUND, f"Not found: {request.name}.")
        return cluster

    clusters = {
        "ListClusters": method(list_clusters, container.ListClustersRequest),
        "GetCluster": method(get_cluster, container.GetClusterRequest),
    }
    repositories = {
        "ListRepositories": method(_list_repositories, registry.ListRepositoriesRequest),
        "GetRepository": method(_get_repository, registry.GetRepositoryRequest),
    }
    locations = {
        "ListLocations": grpc.unary_unary_rpc_method_handler(
            guarded(_list_locations),
            locations_pb2.ListLocationsRequest.FromString,
            locations_pb2.ListLocationsResponse.SerializeToString,
        )
    }
    layouts = {"GetStorageLayout": grpc.unary_unary_rpc_method_handler(guarded(_layout))}
    services = {
        CONTAINER: clusters,
        REGISTRY: repositories,
        LOCATIONS: locations,
        PROJECTS: {"GetProject": method(_get_project, projects.GetProjectRequest)},
        STORAGE_CONTROL: layouts,
        cloud_build.SERVICE: cloud_build.methods(builds),
    }
    handlers = (grpc.method_handlers_generic_handler(name, m) for name, m in services.items())
    server.add_generic_rpc_handlers(tuple(handlers))
    server.add_insecure_port(f"127.0.0.1:{names.GRPC_APIS_PORT}")
    server.start()
    return server


def _cluster(authority: Path) -> container.Cluster:
    return container.Cluster(
        name=names.CLUSTER,
        location=names.REGION,
        endpoint=names.CLUSTER_ADDRESS,
        status=container.Cluster.Status.RUNNING,
        master_auth=container.MasterAuth(
            cluster_ca_certificate=base64.b64encode(authority.read_bytes()).decode()
        ),
    )


def _repository() -> registry.Repository:
    return registry.Repository(
        name=f"{PARENT}/{names.REGION}/repositories/{names.REPOSITORY_ID}",
        format_=registry.Repository.Format.DOCKER,
    )


def _list_repositories(request: Any, context: grpc.ServicerContext) -> Any:
    _check_parent(request.parent, context)
    return registry.ListRepositoriesResponse(repositories=[_repository()])


def _get_repository(request: Any, context: grpc.ServicerContext) -> Any:
    found = _repository()
    if request.name != found.name:
        context.abort(grpc.StatusCode.NOT_FOUND, "Requested entity was not found.")
    return found


def _list_locations(request: Any, context: grpc.ServicerContext) -> Any:
    location = locations_pb2.Location(name=f"{PARENT}/{names.REGION}", location_id=names.REGION)
    return locations_pb2.ListLocationsResponse(locations=[location])


def _get_project(request: Any, context: grpc.ServicerContext) -> Any:
    if request.name != f"projects/{names.PROJECT}":
        context.abort(grpc.StatusCode.PERMISSION_DENIED, f"Permission denied on {request.name!r}")
    return projects.Project(name=f"projects/{names.PROJECT_NUMBER}", project_id=names.PROJECT)


def _layout(request: bytes, context: grpc.ServicerContext) -> bytes:
    """An empty StorageLayout, of a bucket with neither folders nor zones: gcsfs asks before all."""
    return b""


def _check_parent(parent: str, context: grpc.ServicerContext) -> None:
    if parent not in (f"{PARENT}/-", f"{PARENT}/{names.REGION}"):
        context.abort(grpc.StatusCode.PERMISSION_DENIED, f"Permission denied on {parent!r}")
