"""Check of a step's machine: offered in the region, and with the GPUs that are asked for."""

from __future__ import annotations

from typing import Any

from adclick.resources import StepResources
from stacks.checks.check import Check, Finding, fails, holds
from stacks.checks.google import CREDENTIALS, Google
from stacks.checks.web import ApiError

COMPUTE = "https://compute.googleapis.com/compute/v1/projects"
# N1 machines alone get GPUs attached, each of which carries so many of their vCPUs:
# https://cloud.google.com/vertex-ai/docs/training/configure-compute
ATTACHED_TO = "n1-"
VCPUS_PER_GPU = {
    "nvidia-tesla-t4": 24,
    "nvidia-tesla-p4": 24,
    "nvidia-tesla-p100": 16,
    "nvidia-tesla-v100": 12,
}

Kinds = dict[str, dict[str, Any]]


def machine_check(google: Google, region: str, step: StepResources) -> Check:
    """Whether a zone of the region has the step's machine, and its GPUs fit the machine."""
    gpus = f" with {step.gpus} x {step.gpu}" if step.gpu else ""
    return Check(
        f"machine {step.machine}{gpus}", lambda: _machine(google, region, step), (CREDENTIALS,)
    )


def accelerator(gpu: str) -> str:
    """Compute Engine's name of what Vertex AI calls `gpu`."""
    return gpu.lower().replace("_", "-")


def _machine(google: Google, region: str, step: StepResources) -> Finding:
    elsewhere = (
        f"gcloud compute machine-types list --filter='zone~^{region}' --format='value(name)' "
        f"--project={google.project}"
    )
    try:
        machines = _offered(google, region, "machineTypes", str(step.machine))
        if not machines:
            return fails(f"no zone of {region} has {step.machine}", elsewhere)
        if step.gpu is None:
            return holds(f"in {', '.join(sorted(machines))}")
        gpus = _offered(google, region, "acceleratorTypes", accelerator(step.gpu))
    except ApiError as error:
        return google.refused(error, "roles/compute.viewer")
    zones = sorted(machines.keys() & gpus.keys())
    if not zones:
        return fails(
            f"no zone of {region} has both {step.machine} and {step.gpu}",
            f"gcloud compute accelerator-types list --filter=name={accelerator(step.gpu)} "
            f"--project={google.project}",
        )
    problem = _misfit(step, machines[zones[0]], gpus[zones[0]])
    return fails(problem, elsewhere) if problem else holds(f"in {', '.join(zones)}")


def _offered(google: Google, region: str, kind: str, name: str) -> Kinds:
    """The machine or accelerator type of this name, by zone of the region."""
    url = f"{COMPUTE}/{google.project}/aggregated/{kind}"
    answer = google.get(url, filter=f"name = {name}")
    return {
        scope.removeprefix("zones/"): found[kind][0]
        for scope, found in answer.get("items", {}).items()
        if found.get(kind) and scope.startswith(f"zones/{region}-")
    }


def _misfit(step: StepResources, machine: dict[str, Any], gpu: dict[str, Any]) -> str | None:
    """Why the GPUs do not go with the machine, if they do not."""
    name = accelerator(str(step.gpu))
    built_in = {a["guestAcceleratorType"]: a["guestAcceleratorCount"] for a in _built_in(machine)}
    if built_in:
        has = ", ".join(f"{count} x {kind}" for kind, count in built_in.items())
        return None if built_in == {name: step.gpus} else f"{step.machine} has {has}, built in"
    if name not in VCPUS_PER_GPU or not str(step.machine).startswith(ATTACHED_TO):
        return f"{step.machine} takes no {step.gpu}"
    allowed = [count for count in (1, 2, 4, 8) if count <= gpu["maximumCardsPerInstance"]]
    allowed = [count for count in allowed if machine["guestCpus"] <= count * VCPUS_PER_GPU[name]]
    if step.gpus in allowed:
        return None
    counts = " or ".join(map(str, allowed)) or "no number"
    return f"{step.machine} takes {counts} of {step.gpu}, not {step.gpus}"


def _built_in(machine: dict[str, Any]) -> list[dict[str, Any]]:
    return list(machine.get("accelerators", ()))
