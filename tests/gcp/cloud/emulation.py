"""Emulated: everything that the project's cloud is made of, started in a room that is furnished."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import requests

from tests.gcp.cloud import names, processes, storage
from tests.gcp.cloud.certificates import Certificates
from tests.gcp.cloud.edge import TLS_PORT, Edge, Route
from tests.gcp.cloud.options import CloudOptions, Seed
from tests.gcp.cloud.zenml_server import ZenmlServer

REPOSITORY = Path(__file__).resolve().parents[3]
# what runs the pods, and what the emulation of the cluster needs
SERVING_PYTHON = REPOSITORY / ".venv-serving/bin/python"
TESTS_PYTHON = REPOSITORY / ".venv/bin/python"
READY_SECONDS = 60.0
ROUTES = (
    Route(names.STORAGE_ADDRESS, names.STORAGE_PORT, names.GRPC_APIS_PORT),
    Route(names.APIS_ADDRESS, names.REST_APIS_PORT, names.GRPC_APIS_PORT),
    Route(names.ZENML_ADDRESS, names.ZENML_PORT),
    Route(names.CLUSTER_ADDRESS, names.CLUSTER_PORT),
    Route(names.GATEWAY_ADDRESS, names.CLUSTER_PORT, tls=False),
)


@dataclass
class Clock:
    """The seconds after which each part was ready."""

    started: float = field(default_factory=time.monotonic)
    ready: dict[str, float] = field(default_factory=dict)

    def note(self, part: str) -> None:
        """`part` is ready now."""
        self.ready[part] = round(time.monotonic() - self.started, 1)


@dataclass(frozen=True)
class Emulation:
    """A cloud that runs: what a machine of the project has in its environment.

    It runs as long as this object is kept, until `stop`.
    """

    environment: dict[str, str]
    ready_after: dict[str, float]
    control_plane: Any
    vertex: Any

    def stop(self) -> None:
        """End the jobs; all else may end with the room."""
        self.vertex.stop()


def start_emulation(
    options: CloudOptions, certificates: Certificates, machine: Mapping[str, str], clock: Clock
) -> Emulation:
    """Start all parts and return when all can be used; `machine` is the caller's environment."""
    logs = options.state / "logs"
    logs.mkdir(exist_ok=True)
    environment = {**_without_accounts(machine), **certificates.trust}
    seeds = _seed(options.state / "seeds", options.seeds)
    backend = processes.start("storage", storage.server_command(seeds), environment, logs)
    zenml = ZenmlServer(logs, environment)
    zenml.start()
    pods = (str(options.state), str(SERVING_PYTHON), sys.executable)
    command = (str(TESTS_PYTHON), "-m", "tests.gcp.cloud.cluster", *pods)
    cluster = processes.start("cluster", command, environment, logs)
    Edge(options.state, certificates, ROUTES).start()
    clock.note("edge")
    backend.wait(partial(_answers, f"{storage.BACKEND}/_internal/healthcheck"), READY_SECONDS)
    clock.note("storage")
    control_plane = _start_apis(certificates.authority, options.state / "builds")
    vertex = _start_vertex(options, certificates)
    clock.note("apis")
    cluster.wait(partial(_answers, f"http://127.0.0.1:{names.CLUSTER_PORT}/"), READY_SECONDS)
    clock.note("cluster")
    zenml.wait()
    environment |= stack_variables(zenml.api_key())
    clock.note("zenml server")
    return Emulation(environment, clock.ready, control_plane, vertex)


def stack_variables(api_key: str) -> dict[str, str]:
    """What .env.example asks for, of the emulated project."""
    return {
        "GCP_PROJECT": names.PROJECT,
        "GCP_REGION": names.REGION,
        "ADCLICK_BUCKET": names.BUCKET,
        "ADCLICK_REGISTRY": names.REGISTRY,
        "ADCLICK_PIPELINE_ACCOUNT": names.PIPELINE_ACCOUNT,
        "ZENML_STORE_URL": f"https://{names.ZENML_HOST}",
        "ZENML_STORE_API_KEY": api_key,
        "GKE_CLUSTER": names.CLUSTER,
        "SELDON_NAMESPACE": names.SERVING_NAMESPACE,
        "SELDON_GATEWAY_URL": f"http://{names.GATEWAY_HOST}",
        "SELDON_IMAGE": names.SERVING_IMAGE,
    }


# what these import takes seconds, in which the server processes start
def _start_apis(authority: Path, builds: Path) -> Any:
    from tests.gcp.cloud import control_plane, rest

    rest.serve(authority)
    return control_plane.serve(authority, builds)


def _start_vertex(options: CloudOptions, certificates: Certificates) -> Any:
    """Its steps have nothing of the caller's environment: they run on other machines."""
    from tests.container import Containers
    from tests.gcp.cloud.vertex.container import ContainerMachine
    from tests.gcp.cloud.vertex.machine import Machine
    from tests.gcp.cloud.vertex.replica import ProcessMachine
    from tests.gcp.cloud.vertex.service import VertexService

    address = (names.VERTEX_ADDRESS, TLS_PORT)
    files = (certificates.certificate, certificates.key)
    state = options.state / "vertex"
    machine: Machine
    if options.containers is None:
        machine = ProcessMachine(
            Containers(Path(sys.executable), certificates.trust, state / "root")
        )
    else:
        machine = ContainerMachine(options.containers, certificates.trust, state)
    vertex = VertexService(address, *files, state, machine)
    vertex.start()
    return vertex


def _without_accounts(machine: Mapping[str, str]) -> dict[str, str]:
    """The environment without what leads to other clouds, accounts and proxies."""
    strange = ("ZENML_", "GOOGLE_", "GCE_", "CLOUDSDK_", "STORAGE_EMULATOR", "SSL_CERT_DIR")
    return {
        name: value
        for name, value in machine.items()
        if not name.startswith(strange) and not name.lower().endswith("_proxy")
    }


def _seed(folder: Path, seeds: tuple[Seed, ...]) -> Path:
    """A folder of buckets, in which the seeds' folders are mounted."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / names.BUCKET).mkdir(parents=True)
    for seed in seeds:
        place = folder / seed.bucket / seed.prefix
        place.mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "--bind", seed.folder, place], check=True)
    return folder


def _answers(url: str) -> bool:
    try:
        return bool(requests.get(url, timeout=5).status_code)
    except requests.RequestException:
        return False
