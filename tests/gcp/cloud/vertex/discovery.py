"""The fields that Vertex AI's messages may have, from the discovery document of its REST API.

google-api-python-client ships the document (discovery_cache/documents/aiplatform.v1.json).
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

from jsonschema import Draft202012Validator

_PREFIX = "GoogleCloudAiplatformV1"


def problems(message: str, content: dict[str, Any]) -> list[str]:
    """What is wrong with `content` as a message of this name (PipelineJob, CustomJob, ...)."""
    errors = _validator(message).iter_errors(content)
    return [f"{'.'.join(map(str, error.absolute_path))}: {error.message}" for error in errors]


def accelerators() -> tuple[str, ...]:
    """The names of accelerators that the API knows."""
    kinds = _schemas()[f"{_PREFIX}MachineSpec"]["properties"]["acceleratorType"]["enum"]
    return tuple(kind for kind in kinds if kind != "ACCELERATOR_TYPE_UNSPECIFIED")


@cache
def _validator(message: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": f"#/$defs/{_PREFIX}{message}", "$defs": _schemas()})


@cache
def _schemas() -> dict[str, Any]:
    document = resources.files("googleapiclient") / "discovery_cache/documents/aiplatform.v1.json"
    schemas = json.loads(document.read_bytes())["schemas"]
    return {name: _strict(schema) for name, schema in schemas.items()}


def _strict(schema: dict[str, Any]) -> dict[str, Any]:
    """As a JSON schema, which refuses unknown fields: the document leaves that to be understood."""
    if "$ref" in schema:
        return {"$ref": f"#/$defs/{schema['$ref']}"}
    strict = {key: schema[key] for key in ("type", "enum") if schema.get(key, "any") != "any"}
    if "properties" in schema:
        strict["properties"] = {name: _strict(s) for name, s in schema["properties"].items()}
        strict["additionalProperties"] = False
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            strict[key] = _strict(schema[key])
    return strict
