"""What Seldon's REST app turns away before and after the model: each with a 4xx, never a 500."""

from __future__ import annotations

import json

from flask import Blueprint, Response, jsonify, request
from seldon_core.flask_utils import SeldonMicroserviceException
from werkzeug.exceptions import HTTPException, NotFound, RequestEntityTooLarge, UnsupportedMediaType

MAX_BODY_BYTES = 8 * 1024 * 1024
# the rest of Seldon's endpoints serve other kinds of graph nodes and would answer 500, or echo
SERVED = ("Predict", "HealthPing", "HealthStatus", "Metadata", "openAPI", "metrics")


def doors() -> Blueprint:
    """A blueprint for Seldon's `model_error_handler` hook, which registers it on its app.

    It makes wrong content types, bodies over MAX_BODY_BYTES, broken JSON in any place and
    endpoints that this model does not serve 4xx answers in Seldon's error shape.
    """
    blueprint = Blueprint("doors", __name__)
    blueprint.record(lambda state: state.app.config.update(MAX_CONTENT_LENGTH=MAX_BODY_BYTES))
    blueprint.before_app_request(_check)
    blueprint.app_errorhandler(HTTPException)(_http_error)
    # Seldon decodes `?json=` itself; deep nesting ends in RecursionError wherever it is decoded
    blueprint.app_errorhandler(json.JSONDecodeError)(_broken_json)
    blueprint.app_errorhandler(RecursionError)(_broken_json)
    return blueprint


def error_response(message: str, code: int, reason: str = "MICROSERVICE_BAD_DATA") -> Response:
    """An error in Seldon's shape."""
    response = jsonify(SeldonMicroserviceException(message, reason=reason).to_dict())
    response.status_code = code
    return response


def _check() -> None:
    if request.endpoint is not None and request.endpoint not in SERVED:
        raise NotFound("this model serves predictions only")
    if request.endpoint == "Predict" and request.mimetype != "application/json":
        raise UnsupportedMediaType("send the request as application/json")
    size = request.content_length
    if size is None:
        # a chunked body says nothing of its size, and would be cut off at the limit unnoticed
        size = len(request.get_data()) + 1
    if size > MAX_BODY_BYTES:
        raise RequestEntityTooLarge(f"the body is larger than {MAX_BODY_BYTES // 2**20} MiB")


def _http_error(error: HTTPException) -> Response:
    return error_response(error.description or error.name, error.code or 500)


def _broken_json(_: Exception) -> Response:
    return error_response("the body is no JSON", 400)
