"""Emulated: a cluster's SeldonDeployments and the operator that makes pods and routes of them.

What the operator does follows seldon-core's operator/controllers/seldondeployment_controller.go:
a Deployment for each predictor, routes turned once all are ready, then the former ones deleted; the
status written at the end of a round, and `observedGeneration` never. Each Deployment has one pod.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adclick.errors import AdclickError
from serving.kubernetes import rules
from tests.kubernetes import crd, emulated_policies
from tests.kubernetes.emulated_pod import THIS_NODE, EmulatedPod, Node
from tests.kubernetes.emulated_routes import Routes

ROUND_SECONDS = 0.1

Resource = dict[str, Any]


@dataclass
class Faults:
    """What goes wrong, until a test takes it back."""

    missing_images: set[str] = field(default_factory=set)
    unschedulable: bool = False
    quota: bool = False
    answers: list[int] = field(default_factory=list)  # statuses of the next API answers
    conflicts: int = 0  # of the next applies
    wrong_scores_of: str | None = None  # a version
    no_route: bool = False
    no_guard: bool = False  # the gateway has not heard of its policies
    misses: int = 0  # of the next requests at the gateway, whose routes are not there yet
    keep_deleted: bool = False  # a finalizer that nobody removes


class RefusalError(Exception):
    """A request that the API server answers with a Status of this code."""

    def __init__(self, code: int, reason: str, message: str, causes: tuple[Resource, ...] = ()):
        self.code = code
        self.status = {
            "kind": "Status",
            "status": "Failure",
            "code": code,
            "reason": reason,
            "message": message,
            "details": {"causes": list(causes)},
        }


class EmulatedCluster:
    """One namespace, in which an operator goes its rounds until `close`, with pods on `node`."""

    def __init__(
        self,
        folder: Path,
        node: Node = THIS_NODE,
        make_pod: Callable[[str, Resource, Path, Node], EmulatedPod] = EmulatedPod,
        round_seconds: float = ROUND_SECONDS,
    ) -> None:
        self.faults = Faults()
        self.lock = threading.RLock()
        self.seldon: dict[str, Resource] = {}
        self.pods: dict[str, EmulatedPod] = {}
        self.routes: dict[str, Routes] = {}  # of a SeldonDeployment
        self.policies: dict[tuple[str, str], Resource] = {}  # of the gateway, by kind and name
        self.applied: list[Resource] = []
        self._managers: dict[str, str] = {}
        self._folder = folder
        self._node = node
        self._make = make_pod
        self._round_seconds = round_seconds
        self._made = 0
        self._closed = threading.Event()
        self._operator = threading.Thread(target=self._operate, daemon=True)
        self._operator.start()

    def close(self) -> None:
        """Stop the operator and what still runs."""
        self._closed.set()
        self._operator.join()
        for name in list(self.pods):
            self._delete_pod(name)

    def apply(self, manifest: Resource, manager: str, force: bool) -> Resource:
        """Server-side apply, with owners of whole objects rather than of fields."""
        self._admit(manifest)
        name = manifest["metadata"]["name"]
        with self.lock:
            if self.faults.conflicts:
                self.faults.conflicts -= 1
                raise RefusalError(
                    409, "Conflict", "the object has been modified; please try again"
                )
            known = self.seldon.get(name)
            owner = self._managers.get(name, manager)
            if known and owner != manager and not force:
                cause = {"reason": "FieldManagerConflict", "field": ".spec.predictors"}
                message = f'Apply failed with 1 conflict: conflict with "{owner}": .spec.predictors'
                raise RefusalError(409, "Conflict", message, (cause,))
            self._managers[name] = manager
            self.applied.append(copy.deepcopy(manifest))
            self.seldon[name] = self._merged(known, manifest)
            return copy.deepcopy(self.seldon[name])

    def apply_policy(self, manifest: Resource) -> Resource:
        """Server-side apply of one of Istio's policies."""
        if found := emulated_policies.problems(manifest):
            raise RefusalError(400, "BadRequest", f"strict decoding error: {'; '.join(found)}")
        with self.lock:
            self.policies[manifest["kind"], manifest["metadata"]["name"]] = manifest
        return manifest

    def changed_by(self, manager: str, name: str) -> None:
        """Let someone else own an object's fields."""
        self._managers[name] = manager

    def delete(self, name: str) -> None:
        with self.lock:
            if name not in self.seldon:
                raise RefusalError(404, "NotFound", f'seldondeployments "{name}" not found')
            self.seldon[name]["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"

    def pod(self, name: str) -> EmulatedPod | None:
        """The pod of this name."""
        return next((pod for pod in list(self.pods.values()) if pod.name == name), None)

    def events(self) -> list[Resource]:
        """Warnings of the ReplicaSets that may not make pods."""
        if not self.faults.quota:
            return []
        return [
            {
                "type": "Warning",
                "reason": "FailedCreate",
                "lastTimestamp": "2026-01-01T00:00:00Z",
                "involvedObject": {"kind": "ReplicaSet", "name": f"{deployment}-5d9c"},
                "message": f'pods "{deployment}-5d9c-x" is forbidden: exceeded quota: small',
            }
            for seldon in list(self.seldon.values())
            for deployment in self._deployments(seldon)
        ]

    def _admit(self, manifest: Resource) -> None:
        if crd.available() and (problems := crd.problems(manifest)):
            raise RefusalError(400, "BadRequest", f"strict decoding error: {'; '.join(problems)}")
        try:
            rules.check(manifest)
        except AdclickError as error:
            raise RefusalError(422, "Invalid", f"admission webhook denied: {error}") from error

    def _merged(self, known: Resource | None, manifest: Resource) -> Resource:
        generation = known["metadata"]["generation"] if known else 0
        changed = known is None or known["spec"] != manifest["spec"]
        merged: Resource = copy.deepcopy(manifest)
        merged["metadata"]["generation"] = generation + changed
        merged["metadata"]["managedFields"] = [{"manager": "adclick"}]
        if known:
            merged["status"] = known.get("status", {})
        return merged

    def _operate(self) -> None:
        while not self._closed.wait(self._round_seconds):
            for name in list(self.seldon):
                self._reconcile(name)

    def _reconcile(self, name: str) -> None:
        with self.lock:
            seldon = copy.deepcopy(self.seldon[name])
        wanted = self._deployments(seldon)
        if "deletionTimestamp" in seldon["metadata"]:
            if not self.faults.keep_deleted:
                self._drop_pods(name, keep=())
                with self.lock:
                    del self.seldon[name]
                    self.routes.pop(name, None)
            return
        for deployment, predictor in wanted.items():
            if deployment not in self.pods and not self.faults.quota:
                self._make_pod(deployment, predictor)
        ready = {d: d in self.pods and self.pods[d].ready() for d in wanted}
        available = all(ready.values())
        if available:
            self._turn_routes(name, wanted)
            self._drop_pods(name, keep=tuple(wanted))
        status = {
            "state": "Available" if available else "Creating",
            "deploymentStatus": {
                d: {"replicas": 1, "availableReplicas": int(self.pods[d].ready())}
                for d in self.pods
                if d.startswith(f"{name}-")
            },
        }
        with self.lock:
            self.seldon[name]["status"] = status

    def _turn_routes(self, name: str, predictors: dict[str, Resource]) -> None:
        routes = Routes.to(predictors)
        if name not in self.routes or self.routes[name] != routes:
            self.routes[name] = routes

    def _deployments(self, seldon: Resource) -> dict[str, Resource]:
        name = seldon["metadata"]["name"]
        return {
            f"{name}-{p['name']}-0-{p['componentSpecs'][0]['metadata']['name']}": p
            for p in seldon["spec"]["predictors"]
        }

    def _make_pod(self, deployment: str, predictor: Resource) -> None:
        self._made += 1
        folder = self._folder / f"pod-{self._made}"
        pod = self._make(f"{deployment}-x", predictor, folder, self._node)
        pod.unschedulable = self.faults.unschedulable
        pod.missing_images = set(self.faults.missing_images)
        self.pods[deployment] = pod
        pod.start()

    def _drop_pods(self, name: str, keep: tuple[str, ...]) -> None:
        for deployment in list(self.pods):
            if deployment.startswith(f"{name}-") and deployment not in keep:
                self._delete_pod(deployment)

    def _delete_pod(self, deployment: str) -> None:
        self.pods[deployment].stop()
        del self.pods[deployment]
