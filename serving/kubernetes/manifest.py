"""The SeldonDeployment of a description."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from serving.kubernetes.description import Autoscaling, Predictor, ServingDescription
from serving.kubernetes.pod import MODEL, PORT, pod_spec

API_VERSION = "machinelearning.seldon.io/v1"
KIND = "SeldonDeployment"
MANAGED_BY = "app.kubernetes.io/managed-by"
ADCLICK = "adclick"
BUNDLE_ANNOTATION = "adclick/bundle"
# the predictor that was the champion before, whole: of the resource, for what stands at a predictor
# becomes its pods'
FORMER_ANNOTATION = "adclick/former"
MODEL_LABEL = "adclick/model"
PREDICTOR_LABEL = "adclick/predictor"
# Istio's routes, which the operator makes, select a predictor's pods by this label
VERSION_LABEL = "version"
NO_ENGINE = "seldon.io/no-engine"
REST_TIMEOUT, GRPC_TIMEOUT = "seldon.io/rest-timeout", "seldon.io/grpc-timeout"

Manifest = dict[str, Any]


def manifest(description: ServingDescription) -> Manifest:
    """The resource to apply; `rules.check` says whether the operator will take it.

    Each predictor is named by what its pods are made of. The operator makes a Deployment for each
    name and turns the traffic once its pods are ready, so that a new version never takes the old
    one's pods away, and that what its status says of a name is not about a former version.
    """
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {
            "name": description.name,
            "namespace": description.namespace,
            "labels": {MANAGED_BY: ADCLICK, MODEL_LABEL: description.model},
        },
        "spec": {
            "protocol": "seldon",
            "transport": "rest",
            "predictors": [_predictor(description, p) for p in description.predictors],
        },
    }


def deployment_name(name: str, predictor: str) -> str:
    """The name of the Deployment that the operator makes of a predictor."""
    return f"{name}-{predictor}-0-{MODEL}"


def _predictor(description: ServingDescription, predictor: Predictor) -> Manifest:
    pod = pod_spec(description, predictor)
    graph: Manifest = {"name": MODEL, "type": "MODEL", "children": []}
    annotations = {BUNDLE_ANNOTATION: predictor.bundle}
    made_of: list[Any] = [pod, graph]
    if description.request_logger is None:
        # one hop less: the server speaks Seldon's protocol itself, and answers 4xx as they are
        annotations[NO_ENGINE] = "true"
    else:
        # only Seldon's orchestrator sends the CloudEvents
        graph["logger"] = {"mode": "all", "url": description.request_logger}
        # which finds its time-outs in its pod's annotations, and else waits for ever
        milliseconds = f"{description.answer_seconds * 1000:.0f}"
        annotations |= {REST_TIMEOUT: milliseconds, GRPC_TIMEOUT: milliseconds}
        made_of.append(milliseconds)
    name = f"v{hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()[:8]}"
    return {
        "name": name,
        "annotations": annotations,
        "labels": {VERSION_LABEL: predictor.version, PREDICTOR_LABEL: name},
        "traffic": predictor.traffic,
        **({"shadow": True} if predictor.shadow else {}),
        "graph": graph,
        "componentSpecs": [
            {
                "metadata": {
                    "name": MODEL,
                    "annotations": {
                        "prometheus.io/path": "/metrics",
                        "prometheus.io/port": str(PORT),
                    },
                },
                **_size(predictor),
                "spec": pod,
            }
        ],
    }


def _size(predictor: Predictor) -> Manifest:
    if predictor.autoscaling is None:
        return {"replicas": predictor.replicas}
    return {"hpaSpec": _autoscaling(predictor.autoscaling)}


def _autoscaling(autoscaling: Autoscaling) -> Manifest:
    cpu = {"type": "Utilization", "averageUtilization": autoscaling.cpu_percent}
    return {
        "minReplicas": autoscaling.minimum,
        "maxReplicas": autoscaling.maximum,
        "metricsv2": [{"type": "Resource", "resource": {"name": "cpu", "target": cpu}}],
    }
