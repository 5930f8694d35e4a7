"""The fields that Vertex AI's messages may have, from the discovery document of its REST API.

google-api-python-client ships the document (discovery_cache/documents/aiplatform.v1.json).
"""

from __future__ import annotations

from typing import Any

from tests.gcp.cloud.discovered import schemas, validator

_DOCUMENT = "aiplatform.v1"
_PREFIX = "GoogleCloudAiplatformV1"


def problems(message: str, content: dict[str, Any]) -> list[str]:
    """What is wrong with `content` as a message of this name (PipelineJob, CustomJob, ...)."""
    errors = validator(_DOCUMENT, f"{_PREFIX}{message}").iter_errors(content)
    return [f"{'.'.join(map(str, error.absolute_path))}: {error.message}" for error in errors]


def accelerators() -> tuple[str, ...]:
    """The names of accelerators that the API knows."""
    kinds = schemas(_DOCUMENT)[f"{_PREFIX}MachineSpec"]["properties"]["acceleratorType"]["enum"]
    return tuple(kind for kind in kinds if kind != "ACCELERATOR_TYPE_UNSPECIFIED")
