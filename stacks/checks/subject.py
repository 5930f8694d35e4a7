"""What is checked: a stack's definition, what its steps ask for, and ways to look at both."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from adclick.resources import Resources
from stacks.checks.google import Google
from stacks.checks.web import Web
from stacks.definition import VARIABLE, ComponentDefinition, StackDefinition

if TYPE_CHECKING:
    from stacks.checks.cluster import Cluster


@dataclass(frozen=True)
class Subject:
    """A stack and the resources that its steps get; `google` and `web` are how checks look."""

    definition: StackDefinition
    resources: Resources
    google: Google
    web: Web
    _clusters: dict[str, Cluster] = field(default_factory=dict)

    @property
    def region(self) -> str:
        """Where steps run, if the orchestrator says and its variable is set."""
        return self._setting("orchestrator", "location")

    @property
    def bucket(self) -> str:
        """Where artifacts are kept, if that is in a bucket of Cloud Storage."""
        store = urlsplit(self._setting("artifact_store", "path"))
        return store.netloc if store.scheme == "gs" else ""

    def cluster(self, component: ComponentDefinition) -> Cluster:
        """The Kubernetes cluster of a component: components of one cluster share it."""
        # its client is in the gcp environment only
        from stacks.checks.cluster import ConfiguredCluster, GkeCluster

        if component.connector is not None:
            name = str(component.resource)
            return self._clusters.setdefault(name, GkeCluster(self.google, name))
        context = component.configuration.get("kubernetes_context") or None
        return self._clusters.setdefault(f"context {context}", ConfiguredCluster(context))

    def _setting(self, kind: str, name: str) -> str:
        """A component's setting, or nothing where a variable in it is not set."""
        component = self.definition.components.get(kind)
        value = str(component.configuration.get(name, "")) if component else ""
        return "" if VARIABLE.search(value) else value
