"""What is checked: a stack's definition, what its steps ask for, and ways to look at both."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

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
        orchestrator = self.definition.components.get("orchestrator")
        region = str(orchestrator.configuration.get("location", "")) if orchestrator else ""
        return "" if VARIABLE.search(region) else region

    def cluster(self, component: ComponentDefinition) -> Cluster:
        """The Kubernetes cluster of a component: components of one cluster share it."""
        # its client is in the gcp environment only
        from stacks.checks.cluster import ConfiguredCluster, GkeCluster

        if component.connector is not None:
            name = str(component.resource)
            return self._clusters.setdefault(name, GkeCluster(self.google, name))
        context = component.configuration.get("kubernetes_context") or None
        return self._clusters.setdefault(f"context {context}", ConfiguredCluster(context))
