"""Emulated: what an API server refuses of a Job, and what it adds to one.

Besides unknown fields and wrong types: the rules of validation.go of Kubernetes' batch and core
APIs for what our Jobs have.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from typing import Any

from kubernetes.utils.quantity import parse_quantity

from tests.kubernetes.emulated_cluster import RefusalError
from tests.kubernetes.emulated_nodes import GPU
from tests.kubernetes.strict_fields import problems

DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
VARIABLE = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")
EFFECTS = {None, "", "NoSchedule", "PreferNoSchedule", "NoExecute"}
OWNER_FIELDS = ("apiVersion", "kind", "name", "uid")

Resource = dict[str, Any]


def admit(manifest: Resource, namespace: str) -> Resource:
    """The Job as it is stored, without what its controller adds; RefusalError for a wrong one."""
    if wrong := problems(manifest, "V1Job", "job"):
        raise RefusalError(400, "BadRequest", f"strict decoding error: {', '.join(wrong)}")
    job = copy.deepcopy(manifest)
    if invalid := list(_invalid(job, namespace)):
        name = job.get("metadata", {}).get("name")
        message = f'Job.batch "{name}" is invalid: {"; ".join(invalid)}'
        raise RefusalError(422, "Invalid", message)
    for setting, value in (("parallelism", 1), ("completions", 1), ("backoffLimit", 6)):
        job["spec"].setdefault(setting, value)
    for rule in _rules(job["spec"]):
        for condition in rule.get("onPodConditions") or ():
            condition.setdefault("status", "True")
    return job


def admit_pod(spec: Resource) -> Resource:
    """A pod's specification as GKE stores it: with the toleration of the GPU that it asks for."""
    spec = copy.deepcopy(spec)
    if any(GPU in _limits(container) for container in spec["containers"]):
        toleration = {"key": GPU, "operator": "Exists", "effect": "NoSchedule"}
        spec["tolerations"] = [*(spec.get("tolerations") or ()), toleration]
    return spec


def _invalid(job: Resource, namespace: str) -> Iterator[str]:
    metadata, spec = job.get("metadata") or {}, job.get("spec") or {}
    if not DNS_LABEL.fullmatch(metadata.get("name") or ""):
        yield f"metadata.name: Invalid value: {metadata.get('name')!r}"
    if metadata.get("namespace", namespace) != namespace:
        yield "metadata.namespace: does not match the namespace of the request"
    for owner in metadata.get("ownerReferences") or ():
        yield from (
            f"metadata.ownerReferences: {f}: Required" for f in OWNER_FIELDS if f not in owner
        )
    if (spec.get("parallelism"), spec.get("completions")) not in {(None, None), (1, None), (1, 1)}:
        yield "spec.parallelism: Emulated: one pod at a time alone"
    for setting in ("backoffLimit", "activeDeadlineSeconds", "ttlSecondsAfterFinished"):
        if (spec.get(setting) or 0) < 0:
            yield f"spec.{setting}: must be greater than or equal to 0"
    template = spec.get("template") or {}
    pod = template.get("spec") or {}
    for where, labels in (
        ("metadata", metadata),
        ("spec.template", template.get("metadata") or {}),
    ):
        yield from _label_problems(f"{where}.labels", labels.get("labels") or {})
    yield from _pod_problems(pod)
    names = {container.get("name") for container in pod.get("containers") or ()}
    yield from _policy_problems(_rules(spec), names)


def _pod_problems(pod: Resource) -> Iterator[str]:
    if pod.get("restartPolicy") != "Never":
        yield f"spec.template.spec.restartPolicy: Unsupported value: {pod.get('restartPolicy')!r}"
    if (pod.get("activeDeadlineSeconds") or 1) < 1:
        yield "spec.template.spec.activeDeadlineSeconds: must be between 1 and 2147483647"
    yield from _label_problems("spec.template.spec.nodeSelector", pod.get("nodeSelector") or {})
    for toleration in pod.get("tolerations") or ():
        if toleration.get("operator", "Equal") not in {"Equal", "Exists"}:
            yield "spec.template.spec.tolerations.operator: Unsupported value"
        if toleration.get("effect") not in EFFECTS:
            yield "spec.template.spec.tolerations.effect: Unsupported value"
    if len(pod.get("containers") or ()) != 1:
        yield "spec.template.spec.containers: Emulated: one container alone"
    for container in pod.get("containers") or ():
        if not DNS_LABEL.fullmatch(container.get("name") or ""):
            yield "spec.template.spec.containers.name: Required value"
        if not container.get("image"):
            yield "spec.template.spec.containers.image: Required value"
        for variable in container.get("env") or ():
            if not VARIABLE.fullmatch(variable.get("name") or ""):
                yield f"spec.template.spec.containers.env: Invalid value: {variable.get('name')!r}"
        yield from _resource_problems(container)


def _resource_problems(container: Resource) -> Iterator[str]:
    requests = (container.get("resources") or {}).get("requests") or {}
    limits = _limits(container)
    where = "spec.template.spec.containers.resources"
    for kind, quantities in (("requests", requests), ("limits", limits)):
        for name, quantity in quantities.items():
            try:
                amount = parse_quantity(quantity)
            except ValueError:
                yield f"{where}.{kind}.{name}: Invalid value: {quantity!r}"
                return
            if "/" in name and amount != int(amount):
                yield f"{where}.{kind}.{name}: must be an integer"
    for name, quantity in requests.items():
        if name in limits and parse_quantity(quantity) > parse_quantity(limits[name]):
            yield f"{where}.requests.{name}: must be less than or equal to its limit"
        if "/" in name and limits.get(name) != quantity:
            yield f"{where}.limits.{name}: must be set for non overcommitable resources"


def _policy_problems(rules: Any, names: set[Any]) -> Iterator[str]:
    where = "spec.podFailurePolicy.rules"
    for rule in rules:
        if rule.get("action") not in {"FailJob", "Ignore", "Count"}:
            yield f"{where}.action: Unsupported value: {rule.get('action')!r}"
        if ("onExitCodes" in rule) == ("onPodConditions" in rule):
            yield f"{where}: must have one of onExitCodes and onPodConditions"
        codes = rule.get("onExitCodes")
        if codes and (codes.get("operator") not in {"In", "NotIn"} or not codes.get("values")):
            yield f"{where}.onExitCodes: Invalid value"
        if codes and codes.get("containerName") not in {None, *names}:
            yield f"{where}.onExitCodes.containerName: must be one of the pod's containers"


def _label_problems(where: str, labels: Mapping[str, str]) -> Iterator[str]:
    for key, value in labels.items():
        if not LABEL_VALUE.fullmatch(value) or not LABEL_VALUE.fullmatch(key.split("/")[-1]):
            yield f"{where}: Invalid value: {key}={value}"


def _rules(spec: Resource) -> list[Resource]:
    return (spec.get("podFailurePolicy") or {}).get("rules") or []


def _limits(container: Resource) -> Resource:
    return (container.get("resources") or {}).get("limits") or {}
