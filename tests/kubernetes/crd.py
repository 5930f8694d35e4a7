"""The real definition of SeldonDeployment, where it is at hand: it is not part of the project."""

from __future__ import annotations

import gzip
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

FILE = (
    Path(__file__).resolve().parents[3] / "shared/data/seldon-crd/seldondeployments-v1.17.1.yaml.gz"
)


def available() -> bool:
    """Whether `problems` can say anything."""
    return FILE.is_file()


def problems(manifest: dict[str, Any]) -> list[str]:
    """What an API server with strict field validation would refuse, one line each."""
    errors = _validator().iter_errors(manifest)
    return [f"{'.'.join(map(str, error.absolute_path))}: {error.message}" for error in errors]


@cache
def _validator() -> Draft202012Validator:
    definition = yaml.load(gzip.decompress(FILE.read_bytes()), yaml.CSafeLoader)
    (version,) = [v for v in definition["spec"]["versions"] if v["name"] == "v1"]
    schema = version["schema"]["openAPIV3Schema"]
    _close(schema)
    # Kubernetes' own object metadata, which a definition leaves open
    schema["properties"]["metadata"] = {"type": "object"}
    return Draft202012Validator(schema)


def _close(schema: dict[str, Any]) -> None:
    """Refuse unknown fields: JSON Schema lets them pass, Kubernetes drops or refuses them."""
    if "properties" in schema and not schema.get("x-kubernetes-preserve-unknown-fields"):
        schema.setdefault("additionalProperties", False)
    for child in schema.get("properties", {}).values():
        _close(child)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            _close(schema[key])
