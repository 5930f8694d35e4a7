"""The server described as OpenAPI 3.1, from its bundle's schema: /openapi.json."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adclick.bundle.bundle import GoldenRequest
from adclick.schema import Schema
from serving.openapi_columns import JsonSchema, feature_schemas, required_features
from serving.openapi_feedback import FEEDBACK, feedback_operation, feedback_schema
from serving.protocol import MAX_CANDIDATES, SCORE_NAME

PREDICTIONS = "/api/v1.0/predictions"
ID: JsonSchema = {"type": "string", "pattern": "^[!-~]{1,128}$"}
ERRORS = {
    "400": "the request cannot be scored: `info` says why, with row and column",
    "408": "the body did not arrive in time",
    "413": "the body is too large",
    "415": "the body is no application/json",
    "500": "the server failed: its log says where, at the error that `info` names",
    "503": "no model is loaded",
}


def openapi_document(
    schema: Schema,
    version: str,
    name: str,
    golden: Sequence[GoldenRequest] = (),
    *,
    images: bool = False,
) -> dict[str, Any]:
    """What the server of a bundle takes and answers; with `images`, new creatives too.

    A request that fits its schema is answered with scores. Others may be, too: features come in any
    order in `data.names`, and what is not named here is ignored outside of candidates.
    """
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"Click probabilities ({schema.name})",
            "version": version,
            "description": "Seldon's protocol v1 and the Open Inference Protocol V2.",
        },
        "paths": {
            PREDICTIONS: {"post": _predict(golden)},
            FEEDBACK: {"post": feedback_operation(_refusals("Error"))},
            "/health/ping": {"get": _get("Whether the server is up", "text/html")},
            "/health/status": {"get": _get("Which version is loaded")},
            "/metadata": {"get": _get("Name and version of the model")},
            "/metrics": {"get": _get("Metrics for Prometheus", "text/plain")},
            "/openapi.json": {"get": _get("This document")},
            "/v2": {"get": _get("Name and version of the server")},
            "/v2/health/live": {"get": _get("Whether the server is up")},
            "/v2/health/ready": {"get": _get("Whether the model is loaded")},
            f"/v2/models/{name}": {"get": _get("What the model takes and gives")},
            f"/v2/models/{name}/ready": {"get": _get("Whether the model is loaded")},
            f"/v2/models/{name}/infer": {"post": _infer()},
        },
        "components": {
            "schemas": {
                **_messages(schema, images),
                **_answers(),
                "Feedback": feedback_schema(ID),
                "Inference": _inference(),
                "InferenceAnswer": _inference_answer(),
            }
        },
    }


def _predict(golden: Sequence[GoldenRequest]) -> dict[str, Any]:
    request: dict[str, Any] = {"schema": _ref("Request")}
    answer: dict[str, Any] = {"schema": _ref("Answer")}
    if golden:
        request["examples"] = {
            f"golden {number}": {"value": {"jsonData": item.features}}
            for number, item in enumerate(golden[:3])
        }
    return {
        "summary": f"Score 1 to {MAX_CANDIDATES:,} candidate ads",
        "operationId": "predict",
        "requestBody": {"required": True, "content": {"application/json": request}},
        "responses": {
            "200": {"description": "Scores", "content": {"application/json": answer}},
            **_refusals("Error"),
        },
    }


def _infer() -> dict[str, Any]:
    return {
        "summary": "Score candidate ads: a tensor a feature, an element a candidate",
        "operationId": "infer",
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _ref("Inference")}},
        },
        "responses": {
            "200": {
                "description": "Scores",
                "content": {"application/json": {"schema": _ref("InferenceAnswer")}},
            },
            **_refusals("InferenceError"),
        },
    }


def _get(summary: str, content_type: str = "application/json") -> dict[str, Any]:
    kind = "object" if content_type == "application/json" else "string"
    content = {content_type: {"schema": {"type": kind}}}
    return {"summary": summary, "responses": {"200": {"description": "OK", "content": content}}}


def _refusals(schema: str) -> dict[str, Any]:
    content = {"application/json": {"schema": _ref(schema)}}
    return {code: {"description": text, "content": content} for code, text in ERRORS.items()}


def _messages(schema: Schema, images: bool) -> dict[str, JsonSchema]:
    features = feature_schemas(schema, images)
    candidates = {"type": "array", "minItems": 1, "maxItems": MAX_CANDIDATES}
    row = {
        "type": "array",
        "prefixItems": list(features.values()),
        "minItems": len(features),
        "maxItems": len(features),
    }
    data = _object(
        {"names": {"const": list(features)}, "ndarray": {**candidates, "items": row}},
        required=["names", "ndarray"],
    )
    meta = _ref("RequestMeta")
    by_name = {"oneOf": [_ref("Candidate"), {**candidates, "items": _ref("Candidate")}]}
    return {
        "Candidate": _object(features, required=required_features(schema)),
        "RequestMeta": _object({"puid": ID}),
        "Request": {
            "oneOf": [
                _object({"jsonData": by_name, "meta": meta}, required=["jsonData"]),
                _object({"data": data, "meta": meta}, required=["data"]),
            ]
        },
    }


def _answers() -> dict[str, JsonSchema]:
    probability = {"type": "number", "minimum": 0, "maximum": 1}
    count = {"type": "integer", "minimum": 0}
    tags = {
        "model_version": {"type": "string"},
        "unknown_creatives": count,
        "new_creatives": count,
    }
    meta = {
        "type": "object",
        "properties": {"puid": ID, "tags": _object(tags, required=["model_version"])},
        "required": ["puid", "tags"],
    }
    scores = {"type": "array", "items": probability}
    by_name = _object({SCORE_NAME: scores}, required=[SCORE_NAME])
    column = {"type": "array", "items": probability, "minItems": 1, "maxItems": 1}
    table = _object(
        {"names": {"const": [SCORE_NAME]}, "ndarray": {"type": "array", "items": column}},
        required=["names", "ndarray"],
    )
    status = {
        "status": {"const": 1},
        "info": {"type": "string"},
        "code": {"type": "integer"},
        "reason": {"type": "string"},
    }
    return {
        "Answer": {
            "oneOf": [
                _object({"jsonData": by_name, "meta": meta}, required=["jsonData", "meta"]),
                _object({"data": table, "meta": meta}, required=["data", "meta"]),
            ]
        },
        "Error": _object({"status": _object(status, required=list(status))}, required=["status"]),
        "InferenceError": _object({"error": {"type": "string"}}, required=["error"]),
    }


def _inference() -> JsonSchema:
    size = {"type": "integer", "minimum": 0}
    tensor = {
        "name": {"type": "string"},
        "datatype": {"type": "string", "description": "BYTES for text, FP64 for numbers"},
        "shape": {"type": "array", "items": size, "minItems": 1, "maxItems": 2},
        "data": {"type": "array"},
    }
    inputs = {"type": "array", "items": _object(tensor, required=list(tensor))}
    return _object({"id": ID, "inputs": inputs}, required=["inputs"])


def _inference_answer() -> JsonSchema:
    keys = ("model_name", "model_version", "id", "outputs")
    return {"type": "object", "required": list(keys)}


def _object(properties: dict[str, Any], required: Sequence[str] = ()) -> JsonSchema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def _ref(name: str) -> JsonSchema:
    return {"$ref": f"#/components/schemas/{name}"}
