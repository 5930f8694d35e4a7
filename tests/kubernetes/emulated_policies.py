"""Emulated: what Istio's gateway makes of RequestAuthentications and AuthorizationPolicies.

As https://istio.io/latest/docs/reference/config/security/ describes them, as far as this project
uses them: tokens in the Authorization header, and DENY policies. The fields are those of the
definitions of security.istio.io/v1 (Istio's manifests/charts/base/files/crd-all.gen.yaml); another
is refused, as strict field validation would.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import jwt
from jsonschema import Draft202012Validator

Resource = dict[str, Any]

TEXT = {"type": "string", "minLength": 1}
TEXTS = {"type": "array", "items": TEXT}


def fields(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


SELECTOR = fields(matchLabels={"type": "object", "additionalProperties": TEXT})
RULE = fields(issuer=TEXT, audiences=TEXTS, jwks=TEXT, jwksUri={**TEXT, "pattern": "^https?://"})
SOURCE = fields(requestPrincipals=TEXTS, notRequestPrincipals=TEXTS)
CONDITION = {**fields(key=TEXT, values=TEXTS, notValues=TEXTS), "required": ["key"]}
SPECS = {
    "RequestAuthentication": fields(selector=SELECTOR, jwtRules={"type": "array", "items": RULE}),
    "AuthorizationPolicy": fields(
        selector=SELECTOR,
        action={"enum": ["ALLOW", "DENY", "AUDIT", "CUSTOM"]},
        rules={
            "type": "array",
            "items": fields(
                **{"from": {"type": "array", "items": fields(source=SOURCE)}},
                to={
                    "type": "array",
                    "items": fields(operation=fields(paths=TEXTS, notPaths=TEXTS)),
                },
                when={"type": "array", "items": CONDITION},
            ),
        },
    ),
}
PLURALS = {
    "requestauthentications": "RequestAuthentication",
    "authorizationpolicies": "AuthorizationPolicy",
}


def problems(manifest: Resource) -> list[str]:
    """What strict field validation would refuse."""
    whole = fields(
        apiVersion={"const": "security.istio.io/v1"},
        kind={"const": manifest["kind"]},
        metadata={"type": "object"},
        spec=SPECS[manifest["kind"]],
    )
    errors = Draft202012Validator(whole).iter_errors(manifest)
    return [f"{'.'.join(map(str, error.absolute_path))}: {error.message}" for error in errors]


class RefusedError(Exception):
    """A request that the gateway does not let through."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def check(policies: Iterable[Resource], path: str, headers: Mapping[str, str]) -> None:
    """Raise RefusedError for a request that these policies refuse; `headers` by small names."""
    known = [*policies]
    rules = [
        rule
        for policy in known
        if policy["kind"] == "RequestAuthentication"
        for rule in policy["spec"]["jwtRules"]
    ]
    claims = _claims(rules, headers.get("authorization", "")) if rules else {}
    for policy in known:
        if policy["kind"] == "AuthorizationPolicy":
            assert policy["spec"]["action"] == "DENY"
            if any(_matches(rule, path, headers, claims) for rule in policy["spec"]["rules"]):
                raise RefusedError(403, "RBAC: access denied")


def _claims(rules: list[Resource], header: str) -> dict[str, Any]:
    """What the request's token says; nothing where there is none."""
    if not header.startswith("Bearer "):
        return {}
    token = header.removeprefix("Bearer ")
    try:
        said = jwt.decode(token, options={"verify_signature": False})
    except jwt.InvalidTokenError as error:
        raise RefusedError(401, "Jwt is not in the form of Header.Payload.Signature") from error
    rule = next((rule for rule in rules if rule["issuer"] == said.get("iss")), None)
    if rule is None:
        raise RefusedError(401, "Jwt issuer is not configured")
    keys = jwt.PyJWKSet.from_dict(json.loads(rule["jwks"])).keys
    wanted = jwt.get_unverified_header(token).get("kid")
    try:
        key = next(key for key in keys if key.key_id == wanted)
        return dict(jwt.decode(token, key, ["RS256"], audience=rule["audiences"]))
    except jwt.InvalidAudienceError as error:
        raise RefusedError(403, "Audiences in Jwt are not allowed") from error
    except (jwt.InvalidTokenError, StopIteration) as error:
        raise RefusedError(401, "Jwt verification fails") from error


def _matches(
    rule: Resource, path: str, headers: Mapping[str, str], claims: Mapping[str, Any]
) -> bool:
    """Whether a rule is about this request: each of its parts has to be, of each any item."""
    principal = f"{claims['iss']}/{claims['sub']}" if {"iss", "sub"} <= claims.keys() else None

    def of_source(source: Resource) -> bool:
        wanted = source.get("requestPrincipals")
        return (wanted is None or _any(wanted, [principal])) and not _any(
            source.get("notRequestPrincipals", []), [principal]
        )

    def of_operation(operation: Resource) -> bool:
        paths = operation.get("paths")
        return (paths is None or _any(paths, [path])) and not _any(
            operation.get("notPaths", []), [path]
        )

    def of_condition(condition: Resource) -> bool:
        values = _values(condition["key"], headers, claims)
        wanted = condition.get("values")
        return (wanted is None or _any(wanted, values)) and not _any(
            condition.get("notValues", []), values
        )

    return (
        ("from" not in rule or any(of_source(one["source"]) for one in rule["from"]))
        and ("to" not in rule or any(of_operation(one["operation"]) for one in rule["to"]))
        and all(of_condition(one) for one in rule.get("when", []))
    )


def _values(key: str, headers: Mapping[str, str], claims: Mapping[str, Any]) -> list[str | None]:
    if key == "request.auth.audiences":
        told = claims.get("aud", [])
        return [told] if isinstance(told, str) else [*told]
    name = key.removeprefix("request.headers[").removesuffix("]")
    assert name != key, key
    return [headers.get(name)]


def _any(patterns: list[str], values: list[str | None]) -> bool:
    return any(_fits(pattern, value) for pattern in patterns for value in values)


def _fits(pattern: str, value: str | None) -> bool:
    """Istio's patterns: a * at one end, or alone, which is any value that there is."""
    if value is None:
        return False
    if pattern == "*":
        return bool(value)
    if pattern.endswith("*"):
        return value.startswith(pattern[:-1])
    if pattern.startswith("*"):
        return value.endswith(pattern[1:])
    return value == pattern
