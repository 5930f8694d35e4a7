"""What Seldon's stock REST app turns away before and after the model: with a 4xx, never a 500."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from flask import Blueprint, Response, g, jsonify, request
from werkzeug.exceptions import HTTPException, NotFound, RequestEntityTooLarge, UnsupportedMediaType

from serving.errors import ServerError
from serving.http import FORM, JSON, MAX_BODY_BYTES
from serving.metrics import exposition

if TYPE_CHECKING:
    from serving.click_model import ClickModel

# the rest of Seldon's endpoints serve other kinds of graph nodes and would answer 500, or echo
SERVED = (
    "Predict",
    "SendFeedback",
    "HealthPing",
    "HealthStatus",
    "Metadata",
    "openAPI",
    "doors.metrics",
)


def doors(model: ClickModel) -> Blueprint:
    """A blueprint for Seldon's `model_error_handler` hook, which registers it on its app.

    It makes wrong content types, bodies over MAX_BODY_BYTES, broken JSON in any place and
    endpoints that this model does not serve 4xx answers in Seldon's error shape, counts requests,
    and answers /metrics.
    """
    blueprint = Blueprint("doors", __name__)
    blueprint.record(lambda state: state.app.config.update(MAX_CONTENT_LENGTH=MAX_BODY_BYTES))
    blueprint.before_app_request(_check)

    @blueprint.app_errorhandler(ServerError)
    def refused(error: ServerError) -> Response:
        model.counters.count_error(error.cause)
        response = jsonify(error.seldon())
        response.status_code = error.code
        return response

    @blueprint.app_errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response:
        code = error.code or 500
        return refused(ServerError(error.description or error.name, code, f"http_{code}"))

    # Seldon decodes `?json=` itself; deep nesting ends in RecursionError wherever it is decoded
    @blueprint.app_errorhandler(json.JSONDecodeError)
    @blueprint.app_errorhandler(RecursionError)
    def broken_json(_: Exception) -> Response:
        return refused(ServerError("the body is no JSON", 400, "malformed_json"))

    @blueprint.after_app_request
    def count(response: Response) -> Response:
        if request.endpoint == "Predict":
            model.counters.count_request(response.status_code, time.perf_counter() - g.start)
        return response

    @blueprint.get("/metrics")
    def metrics() -> Response:
        body, content_type = exposition()
        return Response(body, content_type=content_type)

    return blueprint


def _check() -> None:
    g.start = time.perf_counter()
    if request.endpoint is not None and request.endpoint not in SERVED:
        raise NotFound("this model serves predictions and takes feedback only")
    if request.endpoint in ("Predict", "SendFeedback") and request.mimetype not in (JSON, FORM):
        raise UnsupportedMediaType("send the request as application/json")
    size = request.content_length
    if size is None:
        # a chunked body says nothing of its size, and would be cut off at the limit unnoticed
        size = len(request.get_data()) + 1
    if size > MAX_BODY_BYTES:
        raise RequestEntityTooLarge(f"the body is larger than {MAX_BODY_BYTES // 2**20} MiB")
