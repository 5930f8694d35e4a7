"""Emulated: a pod, whose containers are real processes of this machine.

They are started from the manifest's own command, args and env. Instead of a container's file system
each mount path is replaced by a folder, and the port by a free one; users, capabilities and
resources are not emulated.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests

from tests.servers import free_port

REPOSITORY = Path(__file__).resolve().parents[2]
BACK_OFF_SECONDS = 0.1
LAST_LINES = 3

Spec = dict[str, Any]


@dataclass(frozen=True)
class Node:
    """What containers find instead of an image: the serving environment's Python, and variables."""

    python: Path
    environment: Mapping[str, str] = field(default_factory=dict)


THIS_NODE = Node(Path(sys.executable))


class EmulatedContainer:
    """A container: started, watched, and started again when it ends."""

    def __init__(
        self, spec: Spec, folder: Path, port: int, node: Node, environment: dict[str, str]
    ) -> None:
        self.spec = spec
        self.restarts = 0
        self.state: Spec = {"waiting": {"reason": "ContainerCreating"}}
        self.last_state: Spec = {}
        self.process: subprocess.Popen[bytes] | None = None
        self._folder = folder
        self._port = port
        self._node = node
        self._environment = environment

    @property
    def log(self) -> Path:
        return self._folder / f"{self.spec['name']}.log"

    def start(self) -> None:
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONUNBUFFERED": "1",
            **self._node.environment,
            **self._environment,
            **{variable["name"]: variable["value"] for variable in self.spec["env"]},
        }
        words: list[str] = self.spec["command"] + self.spec["args"]
        assert words[0] == "python"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [self._node.python, *(self._here(word) for word in words[1:])],
                cwd=REPOSITORY,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.state = {"running": {"startedAt": datetime.now(UTC).isoformat()}}

    def ended(self, code: int) -> None:
        """Note how it ended, as FallbackToLogsOnError has it, and that it will be restarted."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-LAST_LINES:]
        terminated = {"exitCode": code, "reason": "Error", "message": "\n".join(lines)}
        self.last_state = {"terminated": terminated}
        self.restarts += 1
        message = f"back-off restarting failed container {self.spec['name']}"
        self.state = {"waiting": {"reason": "CrashLoopBackOff", "message": message}}

    def ready(self) -> bool:
        if self.process is None or self.process.poll() is not None:
            return False
        probe = self.spec.get("readinessProbe")
        return probe is None or self._answers(probe["httpGet"]["path"])

    def status(self) -> Spec:
        return {
            "name": self.spec["name"],
            "image": self.spec["image"],
            "ready": self.ready(),
            "restartCount": self.restarts,
            "state": self.state,
            "lastState": self.last_state,
        }

    def _answers(self, path: str) -> bool:
        try:
            return requests.get(f"http://127.0.0.1:{self._port}{path}", timeout=2).ok
        except requests.RequestException:
            return False

    def _here(self, word: str) -> str:
        if word == "9000":
            return str(self._port)
        if word == "9500":
            return str(free_port())
        for mount in self.spec["volumeMounts"]:
            if word == mount["mountPath"] or word.startswith(mount["mountPath"] + "/"):
                volume = self._folder / "volumes" / mount["name"]
                return str(volume) + word.removeprefix(mount["mountPath"])
        return word


class EmulatedPod:
    """A pod on a node that may lack its image, or not be there at all."""

    def __init__(self, name: str, predictor: Spec, folder: Path, node: Node) -> None:
        self.name = name
        self.port = free_port()
        self.unschedulable = False
        self.missing_images: set[str] = set()
        self._labels = predictor["labels"]
        spec = predictor["componentSpecs"][0]["spec"]
        for volume in spec["volumes"]:
            (folder / "volumes" / volume["name"]).mkdir(parents=True)
        # as the operator sets them
        environment = {"PREDICTIVE_UNIT_ID": "model", "PREDICTOR_ID": predictor["name"]}
        made = [
            EmulatedContainer(container, folder, self.port, node, environment)
            for container in (*spec["initContainers"], *spec["containers"])
        ]
        self._first, self.containers = made[:1], made[1:]
        self._started = datetime.now(UTC)
        self._stop = threading.Event()
        self._life = threading.Thread(target=self._live, daemon=True)

    def start(self) -> None:
        self._life.start()

    def ready(self) -> bool:
        return all(container.ready() for container in self.containers)

    def stop(self) -> None:
        """Stop with SIGTERM; in the order, but without the waiting, of the preStop hooks."""
        self._stop.set()
        self._life.join()
        for container in sorted((*self._first, *self.containers), key=_stops_after):
            if container.process is not None:
                container.process.terminate()
                container.process.wait(timeout=15)

    @property
    def _going(self) -> Spec:
        return {"deletionTimestamp": "2026-01-01T00:00:00Z"} if self._stop.is_set() else {}

    def resource(self) -> Spec:
        scheduled = {"type": "PodScheduled", "status": "True"}
        if self.unschedulable:
            message = "0/3 nodes are available: 3 Insufficient cpu."
            scheduled |= {"status": "False", "reason": "Unschedulable", "message": message}
        return {
            "metadata": {"name": self.name, "labels": self._labels, **self._going},
            "status": {
                "startTime": self._started.isoformat().replace("+00:00", "Z"),
                "conditions": [scheduled],
                "initContainerStatuses": [c.status() for c in self._first],
                "containerStatuses": [c.status() for c in self.containers],
            },
        }

    def _live(self) -> None:
        if self.unschedulable or self._lacks_image():
            return
        for container in self._first:
            while self._run(container) != 0:
                if self._stop.wait(BACK_OFF_SECONDS):
                    return
        while not self._stop.wait(BACK_OFF_SECONDS):
            for container in self.containers:
                code = container.process.poll() if container.process else None
                if code is not None:
                    container.ended(code)
                if container.process is None or code is not None:
                    container.start()

    def _lacks_image(self) -> bool:
        lacking = [c for c in self.containers if c.spec["image"] in self.missing_images]
        for container in lacking:
            message = f'Back-off pulling image "{container.spec["image"]}": not found'
            container.state = {"waiting": {"reason": "ImagePullBackOff", "message": message}}
        return bool(lacking)

    def _run(self, container: EmulatedContainer) -> int:
        container.start()
        assert container.process is not None
        code = container.process.wait()
        if code == 0:
            container.state = {"terminated": {"exitCode": 0, "reason": "Completed"}}
        else:
            container.ended(code)
        return code


def _stops_after(container: EmulatedContainer) -> int:
    if "lifecycle" not in container.spec:
        return 0
    sleep, seconds = container.spec["lifecycle"]["preStop"]["exec"]["command"]
    assert sleep == "sleep"
    return int(seconds)
