"""Emulated: a Job's pod, whose one container is a real process in a file system of its own."""

from __future__ import annotations

import secrets
import subprocess
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any

from tests.container import Containers
from tests.kubernetes.emulated_nodes import KubernetesNode, gke_nodes, place

# what a container finds below /var/run, which is a link to /run
ACCOUNT_FOLDER = "/run/secrets/kubernetes.io/serviceaccount"
LOOK_SECONDS = 0.05
MOST_OF_NAME = 58

Resource = dict[str, Any]


@dataclass(frozen=True)
class PodHost:
    """What a cluster gives to its pods: nodes, a folder of logs, and the way to its API.

    `authority` is the certificate that signed the API's at `api_address`.
    """

    containers: Containers
    folder: Path
    api_address: tuple[str, int]
    authority: Path
    nodes: tuple[KubernetesNode, ...] = field(default_factory=gke_nodes)


class JobPod:
    """A pod that runs once: `run` returns when it has ended.

    `account` is the folder that the container finds its service account's token in. With
    `preempted` its node is taken away as soon as its log has that text.
    """

    def __init__(
        self,
        metadata: Resource,
        spec: Resource,
        host: PodHost,
        account: Path,
        preempted: str | None,
    ) -> None:
        base = metadata.pop("generateName")[:MOST_OF_NAME]
        self.name = base + secrets.token_hex(3)[:5]
        self.spec = spec
        self.phase = "Pending"
        self.disrupted = False
        self.exit_code: int | None = None
        self.log = host.folder / f"{self.name}.log"
        self._metadata = metadata | {
            "name": self.name,
            "uid": str(uuid.uuid4()),
            "creationTimestamp": now(),
        }
        self._host = host
        self._account = account
        self._preempted = preempted
        self._node, self._unschedulable = place(spec, host.nodes)
        self._state: Resource = {"waiting": {"reason": "ContainerCreating"}}
        self._started = ""
        self._reason: Resource = {}

    @property
    def labels(self) -> Mapping[str, str]:
        labels: Mapping[str, str] = self._metadata["labels"]
        return labels

    @property
    def succeeded(self) -> bool:
        return self.phase == "Succeeded"

    def run(self, deleted: Event) -> None:
        """Wait for a node, which may be for ever, run the container there, and note its end."""
        while self._node is None:
            if deleted.wait(LOOK_SECONDS):
                return
        process = self._start()
        try:
            self._wait(process, deleted)
        finally:
            process.kill()
            process.wait()
        code = process.returncode
        self.exit_code = 128 - code if code < 0 else code
        reason = "Completed" if self.exit_code == 0 else "Error"
        ended = {"exitCode": self.exit_code, "reason": reason, "finishedAt": now()}
        self._state = {"terminated": {**ended, "startedAt": self._started}}
        self.phase = "Succeeded" if self.exit_code == 0 else "Failed"

    def said(self) -> str:
        """Its log until now."""
        return self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""

    def resource(self) -> Resource:
        """The pod as the API shows it."""
        (container,) = self.spec["containers"]
        status: Resource = {
            "phase": self.phase,
            "conditions": self._conditions(),
            "qosClass": "Burstable",
            **self._reason,
        }
        if self._node is not None:
            image = {"image": container["image"], "imageID": container["image"]}
            told = {"name": container["name"], **image, "restartCount": 0, "state": self._state}
            status["containerStatuses"] = [told | {"ready": self.phase == "Running"}]
        if self._started:
            status["startTime"] = self._started
        node = {"nodeName": self._node.name} if self._node else {}
        metadata = dict(self._metadata)
        spec = self.spec | node
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": metadata,
            "spec": spec,
            "status": status,
        }

    def _start(self) -> subprocess.Popen[bytes]:
        (container,) = self.spec["containers"]
        command = [*(container.get("command") or ()), *(container.get("args") or ())]
        address, port = self._host.api_address
        environment = {
            "HOSTNAME": self.name,
            "KUBERNETES_SERVICE_HOST": address,
            "KUBERNETES_SERVICE_PORT": str(port),
            "KUBERNETES_SERVICE_PORT_HTTPS": str(port),
            **{each["name"]: each.get("value", "") for each in container.get("env") or ()},
        }
        volumes = {ACCOUNT_FOLDER: self._account}
        process = self._host.containers.start(command, environment, self.log, self.name, volumes)
        self._started, self.phase = now(), "Running"
        self._state = {"running": {"startedAt": self._started}}
        return process

    def _wait(self, process: subprocess.Popen[bytes], deleted: Event) -> None:
        seconds = self.spec.get("activeDeadlineSeconds")
        deadline = None if seconds is None else time.monotonic() + seconds
        while process.poll() is None:
            if deleted.wait(LOOK_SECONDS):
                return
            if deadline is not None and time.monotonic() > deadline:
                message = "Pod was active on the node longer than the specified deadline"
                self._reason = {"reason": "DeadlineExceeded", "message": message}
                return
            if self._preempted is not None and self._preempted in self.said():
                self.disrupted = True
                message = "Pod was terminated in response to imminent node shutdown."
                self._reason = {"reason": "Terminated", "message": message}
                return

    def _conditions(self) -> list[Resource]:
        if self._node is None:
            why = {"reason": "Unschedulable", "message": self._unschedulable}
            return [{"type": "PodScheduled", "status": "False", **why}]
        conditions: list[Resource] = [{"type": "PodScheduled", "status": "True"}]
        if self.disrupted:
            why = {"reason": "TerminationByKubelet", "message": self._reason["message"]}
            conditions.append({"type": "DisruptionTarget", "status": "True", **why})
        return conditions


def now() -> str:
    """This second, as Kubernetes writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
