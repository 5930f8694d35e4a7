"""The methods of Google's REST APIs, from the discovery documents that Google publishes.

google-api-python-client ships them (discovery_cache/documents/*.json); they are read from this
environment, or from the gcp one beside it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator

REPOSITORY = Path(__file__).resolve().parents[3]
DOCUMENTS = "googleapiclient/discovery_cache/documents"
ALSO_THERE = REPOSITORY / ".venv-gcp/lib/python3.12/site-packages"
# every method takes these: https://cloud.google.com/apis/docs/system-parameters
SYSTEM = ("alt", "prettyPrint", "fields", "quotaUser")

Query = Mapping[str, list[str]]


@dataclass(frozen=True)
class Method:
    """A method of an API; `problems` say how a request or an answer is none of its."""

    document: str
    name: str
    verb: str
    host: str
    path: re.Pattern[str]
    parameters: Mapping[str, Any]
    request: str | None
    response: str | None

    def problems(self, query: Query, body: Any) -> list[str]:
        """What the real API would refuse, one line each."""
        asked = {n: p for n, p in self.parameters.items() if p["location"] == "query"}
        found = [f"unknown parameter {key}" for key in query if key not in (*asked, *SYSTEM)]
        for name, parameter in asked.items():
            given = query.get(name, [])
            if parameter.get("required") and not given:
                found.append(f"parameter {name} is missing")
            if len(given) > 1 and not parameter.get("repeated"):
                found.append(f"parameter {name} is given {len(given)} times")
        if self.request is None:
            return [*found, *(["it takes no body"] if body is not None else [])]
        return [*found, *self._of_schema(self.request, body)]

    def answer_problems(self, answer: Any) -> list[str]:
        """How an answer is none that the API gives."""
        return self._of_schema(self.response, answer) if self.response else []

    def _of_schema(self, schema: str, content: Any) -> list[str]:
        errors = validator(self.document, schema).iter_errors(content)
        return [f"{'.'.join(map(str, e.absolute_path))}: {e.message}" for e in errors]


def available() -> bool:
    """Whether the documents are at hand."""
    return _folder() is not None


@cache
def methods(document: str) -> dict[str, Method]:
    """The methods of an API by name, such as `services.batchGet` of `serviceusage.v1`."""
    content = _content(document)
    root = urlsplit(content["rootUrl"] + content["servicePath"])
    return {
        name: Method(
            document=document,
            name=name,
            verb=method["httpMethod"],
            host=str(root.hostname),
            path=_pattern(root.path + method["path"], method.get("parameters", {})),
            parameters=method.get("parameters", {}),
            request=method.get("request", {}).get("$ref"),
            response=method.get("response", {}).get("$ref"),
        )
        for name, method in _walk(content)
    }


@cache
def enumeration(document: str, schema: str, field: str) -> tuple[str, ...]:
    """The values that a field of a schema may have."""
    return tuple(_content(document)["schemas"][schema]["properties"][field]["enum"])


def _folder() -> Path | None:
    spec = find_spec("googleapiclient")
    installed = Path(str(spec.origin)).parent.parent if spec else ALSO_THERE
    folder = installed / DOCUMENTS
    return folder if folder.is_dir() else None


@cache
def _content(document: str) -> dict[str, Any]:
    folder = _folder()
    assert folder is not None, "available() comes first"
    content: dict[str, Any] = json.loads((folder / f"{document}.json").read_bytes())
    return content


def _walk(resource: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for name, method in resource.get("methods", {}).items():
        yield prefix + name, method
    for name, child in resource.get("resources", {}).items():
        yield from _walk(child, f"{prefix}{name}.")


def _pattern(path: str, parameters: Mapping[str, Any]) -> re.Pattern[str]:
    """The paths that a template such as v1/{+parent}/services:batchGet stands for."""
    parts = re.split(r"\{\+?(\w+)\}", path)
    written = re.escape(parts[0])
    for name, after in zip(parts[1::2], parts[2::2], strict=True):
        value = parameters[name].get("pattern", "[^/]+").removeprefix("^").removesuffix("$")
        written += f"(?P<{name}>{value}){re.escape(after)}"
    return re.compile(written)


@cache
def validator(document: str, schema: str) -> Draft202012Validator:
    """Holds messages against a schema of an API's document; unknown fields are errors."""
    return Draft202012Validator({"$ref": f"#/$defs/{schema}", "$defs": _strict_schemas(document)})


@cache
def _strict_schemas(document: str) -> dict[str, Any]:
    return {name: _strict(schema) for name, schema in schemas(document).items()}


def schemas(document: str) -> dict[str, Any]:
    """The schemas of an API's document, as Google writes them."""
    found: dict[str, Any] = _content(document)["schemas"]
    return found


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
