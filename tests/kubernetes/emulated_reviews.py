"""Emulated: what a cluster's API tells its clients of itself and of their rights."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

SELDON = "machinelearning.seldon.io/v1"
CORE = "/api/v1/namespaces/"
ACCESS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
SELF = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
# all that Kubernetes tells, without which its Python client does not take the answer
VERSION = {
    "major": "1",
    "minor": "33",
    "gitCommit": "0" * 40,
    "gitTreeState": "clean",
    "buildDate": "2025-07-15T18:06:38Z",
    "goVersion": "go1.24.4",
    "compiler": "gc",
    "platform": "linux/amd64",
}


@dataclass
class ClusterFacts:
    """All is well as it is made; `lacking` are rights as verb and resource."""

    user: str = "developer@example.com"
    version: str = "v1.33.4-gke.1036000"
    seldon: bool = True
    namespaces: dict[str, set[str]] = field(default_factory=lambda: {"serving": {"default"}})
    lacking: set[tuple[str, str]] = field(default_factory=set)


def answer(facts: ClusterFacts, method: str, path: str, body: Any) -> tuple[int, dict[str, Any]]:
    """The answer's status and content; for what is not of this module, that it is not found."""
    match method, path:
        case "GET", "/version":
            return 200, {**VERSION, "gitVersion": facts.version}
        case "POST", _ if path == ACCESS:
            return 201, _access(facts, body)
        case "POST", _ if path == SELF:
            return 201, _self(facts, body)
    found = _found(facts, path) if method == "GET" else None
    if found is not None:
        return 200, found
    message = "the server could not find the requested resource"
    return 404, {"kind": "Status", "reason": "NotFound", "message": message, "code": 404}


def _found(facts: ClusterFacts, path: str) -> dict[str, Any] | None:
    if path == f"/apis/{SELDON}" and facts.seldon:
        kind = {"name": "seldondeployments", "kind": "SeldonDeployment", "namespaced": True}
        return {"kind": "APIResourceList", "groupVersion": SELDON, "resources": [kind]}
    namespace, _, rest = path.removeprefix(CORE).partition("/")
    accounts = facts.namespaces.get(namespace, set())
    if namespace in facts.namespaces and rest == "":
        return {"kind": "Namespace", "status": {"phase": "Active"}}
    if rest.removeprefix("serviceaccounts/") in accounts:
        return {"kind": "ServiceAccount"}
    return None


def _self(facts: ClusterFacts, body: dict[str, Any]) -> dict[str, Any]:
    assert body == {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    return body | {"status": {"userInfo": {"username": facts.user}}}


def _access(facts: ClusterFacts, body: dict[str, Any]) -> dict[str, Any]:
    assert body["apiVersion"] == "authorization.k8s.io/v1"
    assert body["kind"] == "SelfSubjectAccessReview"
    asked = body["spec"]["resourceAttributes"]
    assert asked.keys() - {"subresource"} == {"namespace", "verb", "group", "resource"}
    assert "/" not in asked["resource"]
    resource = "/".join(asked[part] for part in ("resource", "subresource") if part in asked)
    allowed = (asked["verb"], resource) not in facts.lacking
    return body | {"status": {"allowed": allowed}}
