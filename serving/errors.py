"""What a server answers instead of scores: with which status, in which words, and its cause."""

from __future__ import annotations

import logging
import traceback
import uuid
from typing import Any

from adclick.errors import AdclickError, RequestError

log = logging.getLogger(__name__)

BAD_DATA = "MICROSERVICE_BAD_DATA"
NOT_READY = "MICROSERVICE_NOT_READY"
INTERNAL_ERROR = "MICROSERVICE_INTERNAL_ERROR"
UNAUTHORIZED = "MICROSERVICE_UNAUTHORIZED"
OVERLOADED = "MICROSERVICE_OVERLOADED"


class ServerError(AdclickError):
    """A request that is not answered with scores: HTTP status `code`, counted under `cause`."""

    def __init__(self, message: str, code: int, cause: str, reason: str = BAD_DATA) -> None:
        super().__init__(message)
        self.code = code
        self.cause = cause
        self.reason = reason

    def seldon(self) -> dict[str, Any]:
        """The error as Seldon's message."""
        return {"status": {"status": 1, "info": str(self), "code": -1, "reason": self.reason}}

    def open_inference(self) -> dict[str, Any]:
        """The error as the Open Inference Protocol's message."""
        return {"error": str(self)}


def as_server_error(error: Exception) -> ServerError:
    """How to answer a request that ended in `error`; what nobody foresaw is logged by an id."""
    if isinstance(error, ServerError):
        return error
    if isinstance(error, RequestError):
        return ServerError(str(error), 400, "bad_request")
    number = uuid.uuid4().hex[:12]
    # where, but not what: an exception's message may quote values of the request
    frames = "".join(traceback.format_tb(error.__traceback__))
    log.error("error %s: %s in a request at\n%s", number, type(error).__name__, frames)
    message = f"the server failed: its log says where, at error {number}"
    return ServerError(message, 500, "internal", INTERNAL_ERROR)
