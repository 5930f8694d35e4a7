"""Emulated: an answer of Vertex AI that is an error."""

from __future__ import annotations

import grpc


class RefusalError(Exception):
    """A request that is answered with this gRPC status and message."""

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.code = code


def invalid(message: str) -> RefusalError:
    """The refusal of a request that is wrong in itself."""
    return RefusalError(grpc.StatusCode.INVALID_ARGUMENT, message)


def unsupported(what: str) -> RefusalError:
    """The refusal of what Vertex AI can do and its emulation can't."""
    message = f"the emulated Vertex AI does not know {what}"
    return RefusalError(grpc.StatusCode.UNIMPLEMENTED, message)
