"""Emulated: Vertex AI behind a gRPC server with TLS."""

from __future__ import annotations

import logging
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc

from tests.gcp.cloud.vertex.job import Job, read_jobs
from tests.gcp.cloud.vertex.machine import Machine
from tests.gcp.cloud.vertex.refusal import RefusalError

if TYPE_CHECKING:
    from tests.gcp.cloud.vertex.api import PipelineApi

SERVICES = tuple(
    f"/google.cloud.aiplatform.v1.{name}/" for name in ("PipelineService", "ScheduleService")
)
# specifications are long; and a port that is taken is an error, not shared with who has it
OPTIONS = [("grpc.max_receive_message_length", 10 * 1024 * 1024), ("grpc.so_reuseport", 0)]

_log = logging.getLogger(__name__)


class VertexService:
    """Pipelines and their schedules on `address`, with jobs whose replicas run on `machine`.

    `start` returns before the API's classes are loaded. Tests set faults and read jobs in the
    folder `state` (`faults.Faults`, `job.read_jobs`), from any process.
    """

    def __init__(
        self,
        address: tuple[str, int],
        certificate: Path,
        key: Path,
        state: Path,
        machine: Machine,
    ) -> None:
        self.state = state
        self.address = address
        self._certificate = certificate
        self._key = key
        self._machine = machine
        self._api: Future[PipelineApi] | None = None
        self._server: grpc.Server | None = None

    @property
    def jobs(self) -> dict[str, Job]:
        """All jobs that were submitted, by their ids, the oldest first."""
        return read_jobs(self.state)

    def start(self) -> None:
        """Listen; `address` has the port that was chosen if it was 0."""
        self.state.mkdir(parents=True, exist_ok=True)
        self._api = ThreadPoolExecutor(1, "vertex-load").submit(_load, self.state, self._machine)
        server = grpc.server(ThreadPoolExecutor(8, "vertex-grpc"), options=OPTIONS)
        server.add_generic_rpc_handlers((_Handler(self._api),))
        pair = (self._key.read_bytes(), self._certificate.read_bytes())
        host, port = self.address
        port = server.add_secure_port(f"{host}:{port}", grpc.ssl_server_credentials([pair]))
        self.address = (host, port)
        server.start()
        self._server = server

    def stop(self) -> None:
        """End all jobs and the server; what is in the state folder stays."""
        if self._server is not None:
            self._server.stop(grace=0).wait()
        if self._api is not None:
            self._api.result().close()
        self._server = self._api = None


def _load(state: Path, machine: Machine) -> PipelineApi:
    """Import the API's classes, which takes seconds."""
    from tests.gcp.cloud.vertex.api import PipelineApi

    return PipelineApi(state, machine)


class _Handler(grpc.GenericRpcHandler):
    """Hands requests as bytes to the API, once it is loaded."""

    def __init__(self, api: Future[PipelineApi]) -> None:
        self._api = api

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        if not details.method.startswith(SERVICES):
            return None
        name = details.method.rpartition("/")[2]

        def answer(content: bytes, context: grpc.ServicerContext) -> bytes:
            return self._answer(name, content, context)

        return grpc.unary_unary_rpc_method_handler(answer)

    def _answer(self, name: str, content: bytes, context: grpc.ServicerContext) -> bytes:
        metadata: dict[str, Any] = dict(context.invocation_metadata())
        if not str(metadata.get("authorization", "")).startswith("Bearer "):
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "Request is missing credentials.")
        method = self._api.result().method(name)
        if method is None:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, f"the emulation has no {name}")
            raise AssertionError
        try:
            return method(content)
        except RefusalError as refused:
            context.abort(refused.code, str(refused))
            raise
        except Exception:
            _log.exception("the emulated Vertex AI failed at %s", name)
            raise
