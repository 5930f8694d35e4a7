"""Emulated: what a Google Cloud project has, and who may do what there."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any

from tests.gcp.cloud import names

ACCOUNT = f"developer@{names.PROJECT}.iam.gserviceaccount.com"
GPU_METRIC = "aiplatform.googleapis.com/custom_model_training_{}nvidia_t4_gpus"


@dataclass
class Machine:
    """A machine type: its vCPUs, and the accelerators that are built in."""

    cpus: int
    built_in: dict[str, int] = field(default_factory=dict)


@dataclass
class EmulatedProject:
    """All is well as it is made; a test takes away what it wants to be missing.

    `off` are APIs that are not enabled, `lacking` permissions that the caller does not have,
    `access` is what the policies say of any other account. `broken` hosts answer 503. `quotas` are
    limits by metric and region; "" is for all regions.
    """

    account: str = ACCOUNT
    off: set[str] = field(default_factory=set)
    lacking: set[str] = field(default_factory=set)
    access: str = "GRANTED"
    broken: set[str] = field(default_factory=set)
    buckets: dict[str, dict[str, Any]] = field(default_factory=dict)
    repositories: dict[str, str] = field(default_factory=lambda: {names.REPOSITORY_ID: "DOCKER"})
    images: set[str] = field(default_factory=lambda: {names.SERVING_IMAGE, names.STEPS_IMAGE})
    accounts: dict[str, bool] = field(default_factory=lambda: {names.PIPELINE_ACCOUNT: True})
    quotas: dict[str, dict[str, int]] = field(default_factory=dict)
    machines: dict[str, Machine] = field(default_factory=dict)
    accelerators: dict[str, int] = field(default_factory=dict)
    zones: dict[str, set[str]] = field(default_factory=dict)
    clusters: dict[str, dict[str, Any]] = field(default_factory=dict)


def emulated_project() -> EmulatedProject:
    """A project in which nothing is missing."""
    region = names.REGION
    project = EmulatedProject()
    project.buckets[names.BUCKET] = {"location": region.upper(), "locationType": "region"}
    for kind in ("", "preemptible_"):
        project.quotas[GPU_METRIC.format(kind)] = {"": 0, region: 4}
    project.machines = {
        **{f"n1-standard-{cpus}": Machine(cpus) for cpus in (4, 8, 16, 32)},
        "g2-standard-8": Machine(8, {"nvidia-l4": 1}),
        "e2-standard-8": Machine(8),
    }
    project.accelerators = {"nvidia-tesla-t4": 4, "nvidia-l4": 8}
    zones = {f"{region}-a", f"{region}-b"}
    project.zones = {name: set(zones) for name in (*project.machines, *project.accelerators)}
    project.zones["nvidia-tesla-t4"] = {f"{region}-b", "us-east1-c"}
    project.clusters[names.CLUSTER] = cluster(names.CLUSTER_ADDRESS, b"")
    return project


def cluster(endpoint: str, authority: bytes) -> dict[str, Any]:
    """A running cluster whose API is at `endpoint`, with a certificate that `authority` signed."""
    return {
        "name": names.CLUSTER,
        "location": names.REGION,
        "status": "RUNNING",
        "endpoint": endpoint,
        "masterAuth": {"clusterCaCertificate": base64.b64encode(authority).decode()},
    }
