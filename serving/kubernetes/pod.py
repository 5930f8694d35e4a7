"""The pod of a version: its bundle is fetched, then it is served."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from serving import bundle_store, options
from serving.kubernetes.description import Predictor, ServingDescription
from serving.options import DRAIN_SECONDS, HostOptions

MODEL = "model"
PORT = 9000
GRPC_PORT = 9500
BUNDLE = "/bundle"
TEMPORARY = "/tmp"
USER = 10001  # as in serving/Dockerfile
# the gateway goes on sending requests for a moment after a pod was told to stop
UNROUTE_SECONDS = 5
STOP_SECONDS = UNROUTE_SECONDS + DRAIN_SECONDS + 5


def pod_spec(description: ServingDescription, predictor: Predictor) -> dict[str, Any]:
    """The pod, which runs the same image twice.

    An init container fetches the bundle, rather than Seldon's `modelUri`, which custom images do
    not get, or the server itself: a bundle that is missing or damaged shows as the pod's own reason
    and message, and the server stays one that reads a folder.
    """
    spec: dict[str, Any] = {
        "initContainers": [_fetcher(description, predictor)],
        "containers": [_server(description, predictor)],
        "volumes": [
            {"name": "bundle", "emptyDir": {}},
            {"name": "temporary", "emptyDir": {}},
        ],
        # buckets are read as the node's workload identity, the Kubernetes API not at all
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": STOP_SECONDS,
    }
    if description.service_account is not None:
        spec["serviceAccountName"] = description.service_account
    return spec


def _fetcher(description: ServingDescription, predictor: Predictor) -> dict[str, Any]:
    return {
        **_container("bundle", bundle_store.MODULE, description, predictor),
        "args": [predictor.bundle, BUNDLE],
        "volumeMounts": [_mount("bundle", BUNDLE), _mount("temporary", TEMPORARY)],
        "resources": _resources("100m", "256Mi"),
    }


def _server(description: ServingDescription, predictor: Predictor) -> dict[str, Any]:
    arguments = HostOptions(
        bundle=Path(BUNDLE),
        address="0.0.0.0",
        port=PORT,
        prediction_log=description.prediction_log,
        state=Path(TEMPORARY) / "state",
        workers=predictor.workers,
        threads=predictor.threads,
        server=predictor.server,
        grpc_port=GRPC_PORT if predictor.grpc else None,
        new_images=predictor.new_images,
        image_hosts=predictor.image_hosts,
    )
    # the operator finds them by these names, and routes gRPC to the second
    ports = {"http": PORT, **({"grpc": GRPC_PORT} if predictor.grpc else {})}
    return {
        **_container(MODEL, options.MODULE, description, predictor),
        "args": arguments.arguments(),
        "ports": [
            {"name": name, "containerPort": port, "protocol": "TCP"} for name, port in ports.items()
        ],
        "volumeMounts": [
            _mount("bundle", BUNDLE, read_only=True),
            _mount("temporary", TEMPORARY),
        ],
        "resources": _resources(predictor.resources.cpu, predictor.resources.memory),
        "startupProbe": _probe("/health/status", period=1, failures=60),
        "readinessProbe": _probe("/health/status", period=5, failures=2),
        "livenessProbe": _probe("/health/ping", period=10, failures=3),
        "lifecycle": _wait_before_stop(UNROUTE_SECONDS),
    }


def _container(
    name: str, module: str, description: ServingDescription, predictor: Predictor
) -> dict[str, Any]:
    return {
        "name": name,
        "image": predictor.image,
        "command": ["python", "-m", module],
        "env": [{"name": name, "value": value} for name, value in description.environment.items()],
        "envFrom": [{"secretRef": {"name": secret}} for secret in description.secrets],
        # the last lines of what failed become the pod's own message
        "terminationMessagePolicy": "FallbackToLogsOnError",
        # for each container: the operator writes a pod-wide context of its own over any other
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }


def _mount(volume: str, path: str, *, read_only: bool = False) -> dict[str, Any]:
    return {"name": volume, "mountPath": path, "readOnly": read_only}


def _resources(cpu: str, memory: str) -> dict[str, Any]:
    return {"requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": memory}}


def _probe(path: str, *, period: int, failures: int) -> dict[str, Any]:
    return {
        "httpGet": {"path": path, "port": "http", "scheme": "HTTP"},
        "periodSeconds": period,
        "timeoutSeconds": 2,
        "failureThreshold": failures,
    }


def _wait_before_stop(seconds: int) -> dict[str, Any]:
    return {"preStop": {"exec": {"command": ["sleep", str(seconds)]}}}
