"""Fields and types of Kubernetes' own resources, as its Python client's classes declare them.

The client is generated from Kubernetes' OpenAPI description; what it sends is not checked by it
where a manifest is a dictionary.
"""

from __future__ import annotations

import re
from typing import Any

from kubernetes.client import models

_LIST = re.compile(r"list\[(.+)\]")
_MAP = re.compile(r"dict\(str, (.+)\)")
_PLAIN: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "datetime": (str,),
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "object": (object,),
}


def problems(value: Any, kind: str, where: str = "") -> list[str]:
    """What strict decoding of `value` as `kind`, V1Job say, would refuse, one line each."""
    if value is None or kind in _PLAIN:
        return _of_plain(value, kind, where)
    if found := _LIST.fullmatch(kind):
        if not isinstance(value, list):
            return [f"{where}: {value!r} is no list"]
        return _of_all([(item, found[1], f"{where}[{n}]") for n, item in enumerate(value)])
    if not isinstance(value, dict):
        return [f"{where}: {value!r} is no object"]
    if found := _MAP.fullmatch(kind):
        return _of_all([(item, found[1], f"{where}.{name}") for name, item in value.items()])
    return _of_model(value, kind, where)


def _of_plain(value: Any, kind: str, where: str) -> list[str]:
    if value is None or kind == "object":
        return []
    right = isinstance(value, _PLAIN[kind]) and (kind == "bool") == isinstance(value, bool)
    return [] if right else [f"{where}: {value!r} is no {kind}"]


def _of_model(value: dict[str, Any], kind: str, where: str) -> list[str]:
    model = getattr(models, kind)
    kinds = {model.attribute_map[name]: kind for name, kind in model.openapi_types.items()}
    unknown = [f'unknown field "{where}.{name}"' for name in value if name not in kinds]
    known = [
        (item, kinds[name], f"{where}.{name}") for name, item in value.items() if name in kinds
    ]
    return unknown + _of_all(known)


def _of_all(parts: list[tuple[Any, str, str]]) -> list[str]:
    return [problem for part in parts for problem in problems(*part)]
