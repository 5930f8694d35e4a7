"""What each step gets, in the words of the stack's orchestrator."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from adclick.errors import AdclickError
from adclick.resources import Resources, StepResources
from stacks.definition import StackDefinition
from stacks.images import docker_settings

Settings = dict[str, Any]
GKE_GPU = "cloud.google.com/gke-accelerator"
GKE_SPOT = "cloud.google.com/gke-spot"


def placement(
    definition: StackDefinition, resources: Resources, steps: Iterable[str]
) -> dict[str, Any]:
    """Options for `pipeline.with_options`: image, machines, time limits and attempts of the steps.

    Empty for a stack that runs everything in this process. Raises AdclickError for resources of a
    step that is not in `steps`.
    """
    names = sorted(steps)
    unknown = sorted(resources.steps.keys() - set(names))
    if unknown:
        raise AdclickError(
            f"resources.steps: no step {', '.join(unknown)}; steps are {', '.join(names)}"
        )
    orchestrator = definition.components["orchestrator"]
    translate = TRANSLATIONS.get(orchestrator.flavor)
    if translate is None or definition.image is None:
        return {}
    return {
        "settings": {"docker": docker_settings(definition.image)},
        "steps": {
            name: {
                "settings": {f"orchestrator.{orchestrator.flavor}": translate(resources.of(name))},
                "retry": _retry(resources.of(name)),
            }
            for name in names
        },
    }


def vertex(step: StepResources) -> Settings:
    """Vertex AI's custom job for a step: of ResourceSettings alone it would get no accelerator."""
    training: Settings = {
        "replica_count": step.workers,
        "timeout": f"{round(step.hours * 3600)}s",
        "strategy": "SPOT" if step.spot else "STANDARD",
        # all workers start again with the one that was taken away
        "restart_job_on_worker_restart": step.spot or step.workers > 1,
    }
    parameters: Settings = {
        "boot_disk_size_gb": step.disk_gb,
        "additional_training_job_args": training,
    }
    if step.machine:
        parameters["machine_type"] = step.machine
    if step.gpu:
        parameters |= {"accelerator_type": step.gpu, "accelerator_count": step.gpus}
    return {"custom_job_parameters": parameters}


def kubernetes(step: StepResources) -> Settings:
    """The pod of a step; machine type and accelerator choose the nodes, by GKE's label for GPUs."""
    if step.workers > 1:
        raise AdclickError(
            "resources: the kubernetes orchestrator runs a step on one machine: set workers to 1, "
            "or choose a stack with Vertex AI"
        )
    requests = {
        **({"cpu": f"{step.cpus:g}"} if step.cpus else {}),
        **({"memory": f"{step.memory_gb:g}Gi"} if step.memory_gb else {}),
    }
    limits = {"nvidia.com/gpu": str(step.gpus)} if step.gpu else {}
    nodes = {
        **({"node.kubernetes.io/instance-type": step.machine} if step.machine else {}),
        **({GKE_GPU: step.gpu} if step.gpu else {}),
        **({GKE_SPOT: "true"} if step.spot else {}),
    }
    spot = {"key": GKE_SPOT, "operator": "Equal", "value": "true", "effect": "NoSchedule"}
    return {
        "pod_settings": {
            "resources": {"requests": requests, "limits": limits},
            "node_selectors": nodes,
            "tolerations": [spot] if step.spot else [],
            "additional_pod_spec_args": {"active_deadline_seconds": round(step.hours * 3600)},
        }
    }


def _retry(step: StepResources) -> Settings | None:
    if not step.retries:
        return None
    return {
        "max_retries": step.retries,
        "delay": step.retry_seconds,
        "backoff": step.retry_backoff,
    }


TRANSLATIONS: dict[str, Callable[[StepResources], Settings]] = {
    "vertex_workers": vertex,
    "kubernetes_with_code": kubernetes,
}
