"""Seldon's gRPC services in a worker: the same answers as over REST."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import grpc
from google.protobuf import json_format
from seldon_core.proto import prediction_pb2_grpc as services
from seldon_core.proto.prediction_pb2 import Feedback, SeldonMessage, SeldonModelMetadata

from serving.click_model import ClickModel
from serving.errors import ServerError, as_server_error
from serving.http import MAX_BODY_BYTES
from serving.seldon_proto import from_proto, to_proto

STATUS = {400: grpc.StatusCode.INVALID_ARGUMENT, 503: grpc.StatusCode.UNAVAILABLE}
OPTIONS = [
    # each worker listens on the same port, and the kernel deals connections out
    ("grpc.so_reuseport", 1),
    ("grpc.max_receive_message_length", MAX_BODY_BYTES),
]


async def start_grpc(model: ClickModel, address: str) -> grpc.aio.Server:
    """Serve `model` on `address` (HOST:PORT); raises RuntimeError when it is taken."""
    server = grpc.aio.server(options=OPTIONS)
    servicer = Servicer(model)
    services.add_SeldonServicer_to_server(servicer, server)
    services.add_ModelServicer_to_server(servicer, server)
    server.add_insecure_port(address)
    await server.start()
    return server


class Servicer(services.SeldonServicer, services.ModelServicer):  # type: ignore[misc]
    """The services Seldon, which clients call, and Model, which Seldon's orchestrator calls."""

    def __init__(self, model: ClickModel) -> None:
        self._model = model

    # the names are those of the protocol
    async def Predict(self, request: SeldonMessage, context: Any) -> SeldonMessage:  # noqa: N802
        """Click probabilities; INVALID_ARGUMENT with Seldon's `info` for a bad request."""
        start = time.perf_counter()
        code = 200
        try:
            message = from_proto(request)
            if self._model.takes_images:
                # as over REST: images take milliseconds, or are waited for
                return to_proto(await asyncio.to_thread(self._model.predict, message))
            return to_proto(self._model.predict(message))
        except Exception as error:
            failure = as_server_error(error)
            code = failure.code
            await self._refuse(failure, context)
            raise
        finally:
            self._model.counters.count_request(code, time.perf_counter() - start)

    async def SendFeedback(self, request: Feedback, context: Any) -> SeldonMessage:  # noqa: N802
        """How much feedback was taken; refused as a prediction is."""
        try:
            return self._model.send_feedback_raw(request)
        except Exception as error:
            await self._refuse(as_server_error(error), context)
            raise

    async def _refuse(self, failure: ServerError, context: Any) -> None:
        self._model.counters.count_error(failure.cause)
        await context.abort(STATUS.get(failure.code, grpc.StatusCode.INTERNAL), str(failure))

    async def Metadata(self, _: object, __: object) -> SeldonModelMetadata:  # noqa: N802
        """What is served."""
        return json_format.ParseDict(self._model.init_metadata(), SeldonModelMetadata())

    ModelMetadata = Metadata
