"""A pod of serving/kubernetes/pod.py as containers of the real image, confined as it asks for.

A kubelet's part is played by hand: volumes are folders that all may write to, as an emptyDir is.
Buckets are not there: folders that the containers see as `STORE` stand for them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.gcp.images.engine import docker, inspect

STORE = "/store"
LABEL = "adclick-test=pod"

Spec = dict[str, Any]


@dataclass(frozen=True)
class Pod:
    """A pod's spec, the folder that its volumes lie in, and the port that the server gets here."""

    spec: Spec
    folder: Path
    port: int

    def fetch_bundle(self) -> str:
        """Run the init container to its end; what it printed."""
        (container,) = self.spec["initContainers"]
        return docker("run", "--rm", *self._words(container))

    def start(self, name: str) -> str:
        """Start one of the containers; its name in the engine."""
        (container,) = (c for c in self.spec["containers"] if c["name"] == name)
        ports = [f"--publish=127.0.0.1:{self.port}:{p['containerPort']}" for p in _ports(container)]
        named = self.container(name)
        docker("run", "--detach", f"--name={named}", *ports, *self._words(container))
        return named

    def stop(self, name: str) -> tuple[int, float]:
        """End a container as a kubelet would; its exit code, and the seconds after SIGTERM."""
        (container,) = (c for c in self.spec["containers"] if c["name"] == name)
        docker("exec", self.container(name), *container["lifecycle"]["preStop"]["exec"]["command"])
        begun = time.monotonic()
        grace = self.spec["terminationGracePeriodSeconds"]
        docker("stop", f"--time={grace}", self.container(name))
        seconds = time.monotonic() - begun
        return int(inspect(self.container(name))["State"]["ExitCode"]), seconds

    def container(self, name: str) -> str:
        """A container's name in the engine."""
        return f"adclick-test-{self.port}-{name}"

    def volume(self, name: str) -> Path:
        """The folder that stands for a volume."""
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o777)
        return folder

    def _words(self, container: Spec) -> list[str]:
        """The options, image and command of `docker run`."""
        context = container["securityContext"]
        assert context["readOnlyRootFilesystem"] and not context["allowPrivilegeEscalation"]
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}
        volumes = [
            f"--volume={self.volume(m['name'])}:{m['mountPath']}{':ro' if m['readOnly'] else ''}"
            for m in container["volumeMounts"]
        ]
        command, *rest = container["command"]
        return [
            f"--label={LABEL}",
            f"--user={context['runAsUser']}",
            "--read-only",
            "--security-opt=no-new-privileges",
            *(f"--cap-drop={capability}" for capability in context["capabilities"]["drop"]),
            f"--memory={container['resources']['limits']['memory'].removesuffix('i').lower()}",
            *(f"--env={variable['name']}={variable['value']}" for variable in container["env"]),
            *volumes,
            f"--volume={self.volume('store')}:{STORE}",
            f"--entrypoint={command}",
            container["image"],
            *rest,
            *container["args"],
        ]


def _ports(container: Spec) -> list[Spec]:
    ports: list[Spec] = container.get("ports", [])
    return ports


@contextmanager
def running(pod: Pod) -> Iterator[Pod]:
    """The pod, with its bundle fetched and its containers started; they are removed at the end."""
    names = [container["name"] for container in pod.spec["containers"]]
    try:
        pod.fetch_bundle()
        for name in names:
            pod.start(name)
        yield pod
    finally:
        for name in names:
            docker("rm", "--force", pod.container(name))


def processes(container: str) -> list[Spec]:
    """The container's processes: user, command."""
    lines = docker("top", container, "-eo", "pid,uid,args").splitlines()[1:]
    found = (line.split(maxsplit=2) for line in lines)
    return [{"uid": int(uid), "command": command} for _, uid, command in found]
