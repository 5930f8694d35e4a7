"""Emulated: gRPC methods that answer those alone who bring the project's token."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc

from tests.gcp.cloud import names

Answer = Callable[[Any, grpc.ServicerContext], Any]


def method(answer: Answer, request: Any) -> grpc.RpcMethodHandler:
    """A method whose `request` and answer are classes of Google's libraries."""
    return grpc.unary_unary_rpc_method_handler(
        guarded(answer), request.deserialize, lambda message: type(message).serialize(message)
    )


def guarded(answer: Answer) -> Answer:
    """`answer`, refused to who brings no token."""

    def admit(request: Any, context: grpc.ServicerContext) -> Any:
        brought = dict(context.invocation_metadata()).get("authorization")
        if brought != f"Bearer {names.TOKEN}":
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "Emulated: no valid credentials")
        return answer(request, context)

    return admit
