"""The service on a loopback port with the real client beside it, told what to do by lines of JSON.

`python -m tests.gcp.cloud.vertex.driven STATE`, run in the gcp environment by tests that run in
another. Each line has a method of the client with its request, or steps to compile to a pipeline.
Each answer has a `result`, or a gRPC status' `code` and `message`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import grpc
from google.api_core.exceptions import GoogleAPICallError
from google.cloud.aiplatform_v1 import PipelineServiceClient
from google.cloud.aiplatform_v1.services.pipeline_service.transports import (
    PipelineServiceGrpcTransport,
)
from google.oauth2.credentials import Credentials
from google.protobuf import json_format

from tests.container import Containers
from tests.gcp.cloud.certificates import make_certificates
from tests.gcp.cloud.vertex.compiled import Step, compile_steps
from tests.gcp.cloud.vertex.replica import ProcessMachine
from tests.gcp.cloud.vertex.service import VertexService


def main() -> None:
    """Serve until the standard input ends."""
    state = Path(sys.argv[1])
    certificates = make_certificates(state / "certificates")
    environment = {"SSL_CERT_FILE": str(certificates.authority)}
    service = VertexService(
        ("localhost", 0),
        certificates.certificate,
        certificates.key,
        state,
        ProcessMachine(Containers(Path(sys.executable), environment, state / "root")),
    )
    service.start()
    transport = PipelineServiceGrpcTransport(
        host=f"localhost:{service.address[1]}",
        credentials=Credentials(token="emulated"),
        ssl_channel_credentials=grpc.ssl_channel_credentials(certificates.authority.read_bytes()),
    )
    client = PipelineServiceClient(transport=transport)
    try:
        for line in sys.stdin:
            print(json.dumps(_answer(client, json.loads(line))), flush=True)
    finally:
        service.stop()


def _answer(client: PipelineServiceClient, asked: dict[str, Any]) -> dict[str, Any]:
    if "compile" in asked:
        return {"result": compile_steps([Step.model_validate(step) for step in asked["compile"]])}
    try:
        result = getattr(client, asked["method"])(request=asked["request"], timeout=60, retry=None)
    except GoogleAPICallError as error:
        return {"code": error.grpc_status_code.name, "message": error.message}
    if hasattr(result, "pages"):
        return {"result": [_json(job) for job in result]}
    if hasattr(result, "operation"):
        return {"result": json_format.MessageToDict(result.operation)}
    return {"result": None if result is None else _json(result)}


def _json(message: Any) -> dict[str, Any]:
    content: dict[str, Any] = json_format.MessageToDict(type(message).pb(message))
    return content


if __name__ == "__main__":
    main()
