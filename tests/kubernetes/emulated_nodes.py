"""Emulated: a cluster's nodes, and the scheduler that says which of them a pod may run on.

A node takes each pod as if it were alone there: a node pool grows with what is asked of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kubernetes.utils.quantity import parse_quantity

GPU = "nvidia.com/gpu"
Spec = dict[str, Any]


@dataclass(frozen=True)
class KubernetesNode:
    """A node: what it has for pods, its labels, and taints as KEY: VALUE, all NoSchedule."""

    name: str
    allocatable: Mapping[str, str]
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: Mapping[str, str] = field(default_factory=dict)


def gke_nodes() -> tuple[KubernetesNode, ...]:
    """One node of a pool without GPUs, and one of a pool of spot machines with a T4."""
    plain = {"node.kubernetes.io/instance-type": "e2-standard-16"}
    gpu = {
        "node.kubernetes.io/instance-type": "n1-standard-8",
        "cloud.google.com/gke-accelerator": "nvidia-tesla-t4",
        "cloud.google.com/gke-spot": "true",
    }
    taints = {GPU: "present", "cloud.google.com/gke-spot": "true"}
    return (
        KubernetesNode("gke-plain", {"cpu": "15890m", "memory": "57Gi"}, plain),
        KubernetesNode("gke-gpu", {"cpu": "7910m", "memory": "26Gi", GPU: "1"}, gpu, taints),
    )


def place(spec: Spec, nodes: Sequence[KubernetesNode]) -> tuple[KubernetesNode | None, str]:
    """A node for a pod of this specification; or none, and why, as the scheduler says it."""
    reasons = {node.name: _unfit(spec, node) for node in nodes}
    for node in nodes:
        if not reasons[node.name]:
            return node, ""
    counts = Counter(reasons.values())
    said = ", ".join(f"{count} {reason}" for reason, count in sorted(counts.items()))
    return None, f"0/{len(nodes)} nodes are available: {said}."


def _unfit(spec: Spec, node: KubernetesNode) -> str:
    for key, value in node.taints.items():
        if not any(_tolerates(each, key, value) for each in spec.get("tolerations") or ()):
            return f"node(s) had untolerated taint {{{key}: {value}}}"
    if not (spec.get("nodeSelector") or {}).items() <= node.labels.items():
        return "node(s) didn't match Pod's node affinity/selector"
    for resource, wanted in requested(spec).items():
        if wanted > parse_quantity(node.allocatable.get(resource, "0")):
            return f"Insufficient {resource}"
    return ""


def requested(spec: Spec) -> dict[str, Any]:
    """What all containers of a pod ask for together; a limit without a request is one."""
    total: Counter[str] = Counter()
    for container in spec["containers"]:
        resources = container.get("resources") or {}
        asked = {**(resources.get("limits") or {}), **(resources.get("requests") or {})}
        total.update({name: parse_quantity(quantity) for name, quantity in asked.items()})
    return dict(total)


def _tolerates(toleration: Spec, key: str, value: str) -> bool:
    if toleration.get("effect") not in {None, "", "NoSchedule"}:
        return False
    if toleration.get("key") not in {None, "", key}:
        return False
    return toleration.get("operator", "Equal") == "Exists" or toleration.get("value") == value
