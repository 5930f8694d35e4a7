"""What the operator's admission webhook and Kubernetes ask of a SeldonDeployment beyond its schema.

As in seldon-core's operator/apis/machinelearning.seldon.io/v1/seldondeployment_webhook.go.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from adclick.errors import AdclickError
from serving.kubernetes.manifest import NO_ENGINE, Manifest, deployment_name

LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?")
LONGEST_LABEL = 63
SECRET = re.compile(r"PASSWORD|SECRET|TOKEN|API_?KEY|PRIVATE_?KEY|CREDENTIALS", re.IGNORECASE)


def check(manifest: Manifest) -> None:
    """Raise AdclickError that says which rule the manifest breaks, if it breaks one."""
    for problem in _problems(manifest):
        raise AdclickError(f"SeldonDeployment {manifest['metadata']['name']}: {problem}")


def _problems(manifest: Manifest) -> Iterator[str]:
    yield from _names(manifest)
    yield from _traffic(manifest["spec"]["predictors"])
    for predictor in manifest["spec"]["predictors"]:
        yield from _predictor(predictor)


def _names(manifest: Manifest) -> Iterator[str]:
    metadata, predictors = manifest["metadata"], manifest["spec"]["predictors"]
    for what in ("name", "namespace"):
        if not _is_label(metadata[what]):
            yield f"{what} {metadata[what]!r} must be 1 to 63 of a-z, 0-9 and -, not - at an end"
    names = [predictor["name"] for predictor in predictors]
    if len(set(names)) < len(names):
        yield f"predictors must differ in name: {', '.join(names)} (two of one version?)"
    for name in names:
        # the operator would put a hash in the place of a longer name, and its pods be hard to find
        if not _is_label(long := deployment_name(metadata["name"], name)):
            yield f"{long!r} is no name for a Deployment: shorten the name to 45 of a-z, 0-9 and -"
    labels = [metadata.get("labels", {}), *(p.get("labels", {}) for p in predictors)]
    for key, value in (item for some in labels for item in some.items()):
        if len(value) > LONGEST_LABEL or not LABEL_VALUE.fullmatch(value):
            yield f"{key} {value!r} must be at most 63 letters, digits, dots, - and _"


def _traffic(predictors: list[Manifest]) -> Iterator[str]:
    if not predictors:
        yield "needs a predictor"
        return
    shadows = [predictor for predictor in predictors if predictor.get("shadow")]
    shares = [p.get("traffic", 0) for p in predictors if not p.get("shadow")]
    if not shares:
        yield "a shadow needs another predictor, whose requests it gets"
    elif sum(shares) != 100 or min(shares) < 0:
        yield f"traffic of all but the shadow must sum to 100, not {'+'.join(map(str, shares))}"
    if len(shadows) > 1:
        yield "at most one predictor may be a shadow"
    if any(not 0 <= shadow.get("traffic", 0) <= 100 for shadow in shadows):
        yield "a shadow's traffic must be 0 to 100"


def _predictor(predictor: Manifest) -> Iterator[str]:
    where, graph = f"predictor {predictor['name']}", predictor["graph"]
    containers = [c for spec in predictor["componentSpecs"] for c in spec["spec"]["containers"]]
    if graph["name"] not in {container["name"] for container in containers}:
        yield f"{where}: no container is named {graph['name']!r}, as the graph's node is"
    if NO_ENGINE in predictor.get("annotations", {}) and graph.get("children"):
        yield f"{where}: a graph of more than one node needs Seldon's orchestrator"
    if "logger" in graph and not graph["logger"].get("mode"):
        yield f"{where}: its logger needs a mode"
    for spec in predictor["componentSpecs"]:
        if (hpa := spec.get("hpaSpec")) and not 1 <= hpa["minReplicas"] <= hpa["maxReplicas"]:
            yield f"{where}: autoscaling from {hpa['minReplicas']} to {hpa['maxReplicas']} pods"
    for name in _plain_secrets(containers):
        yield f"{where}: {name} would be there for all to read: keep it in a Kubernetes Secret"


def _plain_secrets(containers: list[dict[str, Any]]) -> list[str]:
    variables = [variable for container in containers for variable in container.get("env", [])]
    return [v["name"] for v in variables if v.get("value") and SECRET.search(v["name"])]


def _is_label(name: str) -> bool:
    return len(name) <= LONGEST_LABEL and LABEL.fullmatch(name) is not None
