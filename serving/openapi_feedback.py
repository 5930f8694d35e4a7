"""Feedback messages in the server's OpenAPI document."""

from __future__ import annotations

from typing import Any

from serving.feedback import ITEM_KEYS, MAX_FEEDBACK
from serving.openapi_columns import JsonSchema
from serving.protocol import MAX_CANDIDATES

FEEDBACK = "/api/v1.0/feedback"
CLICKED: JsonSchema = {"enum": [0, 1]}


def feedback_operation(refusals: dict[str, Any]) -> dict[str, Any]:
    """What may be sent to FEEDBACK, and its answers: besides `refusals`, how much was taken."""
    message = {"application/json": {"schema": {"$ref": "#/components/schemas/Feedback"}}}
    accepted = _object(meta=_object(tags=_object(accepted={"type": "integer", "minimum": 0})))
    return {
        "summary": "Tell clicks and no-clicks, each as often and as late as you like",
        "operationId": "sendFeedback",
        "requestBody": {"required": True, "content": message},
        "responses": {
            "200": {"description": "Taken", "content": {"application/json": {"schema": accepted}}},
            **refusals,
        },
    }


def feedback_schema(request_id: JsonSchema) -> JsonSchema:
    """The three forms of a Feedback message; an answer's id is a `request_id`."""
    answer = _object(meta=_object(puid=request_id))
    truth = {
        "type": "array",
        "items": {"enum": [0, 1, None]},
        "minItems": 1,
        "maxItems": MAX_CANDIDATES,
    }
    item = _object(
        request_id=request_id,
        candidate={"type": "integer", "minimum": 0, "exclusiveMaximum": MAX_CANDIDATES},
        clicked=CLICKED,
        time={"type": "string", "format": "date-time"},
    )
    item["required"] = [name for name in ITEM_KEYS if name != "time"]
    items = {"type": "array", "items": item, "minItems": 1, "maxItems": MAX_FEEDBACK}
    return {
        "oneOf": [
            _object(response=answer, reward=CLICKED),
            _object(response=answer, truth=_object(data=_object(ndarray=truth))),
            _object(truth=_object(jsonData=items)),
        ]
    }


def _object(**properties: JsonSchema) -> JsonSchema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
