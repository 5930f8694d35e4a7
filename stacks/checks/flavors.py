"""Which checks a stack needs: those of its components' flavors, whatever its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from stacks.checks import artifact_registry, bucket, kubernetes, vertex
from stacks.checks.check import Check
from stacks.checks.evidently import evidently_check
from stacks.checks.seldon import seldon_checks
from stacks.checks.subject import Subject
from stacks.checks.this_machine import docker_checks, folder_checks, port_checks
from stacks.definition import ComponentDefinition

Checks = Callable[[Subject, ComponentDefinition], Sequence[Check]]


@dataclass(frozen=True)
class Flavor:
    """What a component of a flavor needs.

    Where a service connector or the flavor itself leads to Google Cloud, `apis` have to be enabled
    in the project; `rights` are permissions there, each with the role that brings it.
    """

    checks: Checks | None = None
    apis: Sequence[str] = ()
    rights: Mapping[str, str] = field(default_factory=dict)


def flavor_of(kind: str, component: ComponentDefinition) -> Flavor:
    """What the component of this type needs; nothing where its flavor has no checks."""
    return FLAVORS.get((kind, component.flavor), Flavor())


def _storage(path: str) -> Checks:
    """Checks of the folder or bucket that the component's setting `path` names."""

    def checks(subject: Subject, component: ComponentDefinition) -> Sequence[Check]:
        where = str(component.configuration[path])
        if where.startswith("gs://"):
            return bucket.bucket_checks(subject, where)
        return [] if "://" in where else folder_checks(Path(where))

    return checks


def _reports(subject: Subject, component: ComponentDefinition) -> Sequence[Check]:
    if server := component.configuration.get("server"):
        return [evidently_check(subject.web, str(server))]
    return _storage("workspace")(subject, component)


def _registry(subject: Subject, component: ComponentDefinition) -> Sequence[Check]:
    address = str(component.configuration["uri"])
    return [artifact_registry.registry_check(subject.google, address)]


FLAVORS: Mapping[tuple[str, str], Flavor] = {
    ("orchestrator", "vertex_workers"): Flavor(vertex.vertex_checks, vertex.APIS, vertex.RIGHTS),
    ("orchestrator", "kubernetes_with_code"): Flavor(
        kubernetes.kubernetes_checks, kubernetes.APIS, kubernetes.RIGHTS
    ),
    ("artifact_store", "gcp"): Flavor(_storage("path"), bucket.APIS),
    ("artifact_store", "local"): Flavor(_storage("path")),
    ("container_registry", "gcp"): Flavor(_registry, artifact_registry.APIS),
    ("image_builder", "gcp"): Flavor(
        apis=("cloudbuild.googleapis.com",),
        rights={"cloudbuild.builds.create": "roles/cloudbuild.builds.editor"},
    ),
    ("image_builder", "local"): Flavor(docker_checks),
    ("model_deployer", "seldon_kubernetes"): Flavor(
        seldon_checks, kubernetes.APIS, kubernetes.RIGHTS
    ),
    ("model_deployer", "seldon_local"): Flavor(port_checks),
    ("data_validator", "evidently_workspace"): Flavor(_reports),
}
