"""The ASGI app of a worker: Seldon's REST protocol and V2 in front of a loaded model."""

from __future__ import annotations

import asyncio
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from serving.click_model import ClickModel, model_name
from serving.errors import ServerError, as_server_error
from serving.http import (
    Handler,
    Receive,
    Reply,
    Request,
    Scope,
    Send,
    json_answer,
    json_reply,
)
from serving.metrics import exposition
from serving.no_tensorflow import hide_tensorflow
from serving.open_inference_rest import ROOT, OpenInference
from serving.openapi import openapi_document

GRPC_DRAIN_SECONDS = 2.0
FEEDBACK = ("/api/v1.0/feedback", "/api/v0.1/feedback", "/send-feedback")
PREDICT = ("/api/v1.0/predictions", "/api/v0.1/predictions", "/predict")


class App:
    """Answers as Seldon's stock wrapper does, at a quarter of its cost: no Flask, no WSGI threads.

    Scoring is a matter of microseconds and runs on the event loop; images go to a thread. Once
    `draining`, every answer tells its client to close the connection. With a `grpc_address` it
    answers Seldon's gRPC, too.
    """

    def __init__(self, model: ClickModel, grpc_address: str | None = None) -> None:
        self._model = model
        self._grpc_address = grpc_address
        second = OpenInference(model)
        self._counted = frozenset((*PREDICT, *second.infer_paths))
        self._routes: dict[str, dict[str, Handler]] = {
            **{path: {"POST": self._predict} for path in PREDICT},
            **{path: {"POST": self._feedback} for path in FEEDBACK},
            "/health/ping": {"GET": self._ping},
            "/health/status": {"GET": self._status},
            "/api/v1.0/health/status": {"GET": self._status},
            "/metadata": {"GET": self._metadata},
            "/api/v1.0/metadata": {"GET": self._metadata},
            "/seldon.json": {"GET": self._messages},
            "/openapi.json": {"GET": self._openapi},
            "/metrics": {"GET": self._metrics},
            **second.routes,
        }
        self.draining = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or run the app's start and end (ASGI)."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        start = time.perf_counter()
        request = Request(scope, receive)
        try:
            reply = await self._handler(request)(request)
        except Exception as error:
            reply = self._error(as_server_error(error), scope["path"])
        if scope["path"] in self._counted:
            self._model.counters.count_request(reply.code, time.perf_counter() - start)
        # what is left of a body that was refused would be taken for the next request
        await reply.send(send, last=self.draining or reply.code in (408, 413))

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        grpc = None
        if self._grpc_address is not None:
            hide_tensorflow()
            # loaded only where it is wanted, and not before the fork, which gRPC does not survive
            from serving.seldon_grpc import start_grpc

            grpc = await start_grpc(self._model, self._grpc_address)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        if grpc is not None:
            await grpc.stop(GRPC_DRAIN_SECONDS)
        self._model.close()
        await send({"type": "lifespan.shutdown.complete"})

    def _handler(self, request: Request) -> Handler:
        methods = self._routes.get(request.scope["path"])
        if methods is None:
            raise ServerError("there is nothing at this path", 404, "not_found")
        method = request.scope["method"]
        handler = methods.get("GET" if method == "HEAD" else method)
        if handler is None:
            raise ServerError(f"send a {' or '.join(methods)} here", 405, "method")
        return handler

    def _error(self, error: ServerError, path: str) -> Reply:
        self._model.counters.count_error(error.cause)
        second = path == ROOT or path.startswith(f"{ROOT}/")
        return json_reply(error.open_inference() if second else error.seldon(), error.code)

    async def _predict(self, request: Request) -> Reply:
        body = await request.json_body()
        if self._model.brings_images(body):
            return await asyncio.to_thread(json_answer, body, self._model.predict)
        return json_answer(body, self._model.predict)

    async def _feedback(self, request: Request) -> Reply:
        return json_answer(await request.json_body(), self._model.feedback)

    async def _ping(self, _: Request) -> Reply:
        return Reply(b"pong", content_type="text/html; charset=utf-8")

    async def _status(self, _: Request) -> Reply:
        return json_reply({"strData": self._model.health_status(), "meta": {}})

    async def _metadata(self, _: Request) -> Reply:
        return json_reply(self._metadata_message())

    def _metadata_message(self) -> dict[str, Any]:
        defaults = {"name": "", "versions": [""], "platform": "", "inputs": [], "outputs": []}
        return {**defaults, "custom": {}, **self._model.init_metadata()}

    async def _messages(self, _: Request) -> Reply:
        # Seldon's description of its messages, found without importing the package
        package = find_spec("seldon_core")
        if package is None or package.origin is None:
            raise ServerError("there is nothing at this path", 404, "not_found")
        return Reply((Path(package.origin).parent / "openapi" / "seldon.json").read_bytes())

    async def _openapi(self, _: Request) -> Reply:
        bundle, images = self._model.bundle, self._model.takes_images
        document = openapi_document(
            bundle.schema, bundle.version, model_name(), bundle.golden, images=images
        )
        return json_reply(document)

    async def _metrics(self, _: Request) -> Reply:
        self._model.count_lost()
        body, content_type = exposition()
        return Reply(body, content_type=content_type)
