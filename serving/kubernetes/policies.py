"""Istio's policies at the ingress gateway: a model's address is closed to who has no token."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from serving.edge_options import JwtOptions
from serving.envoy import HEALTH
from serving.envoy_access import read_jwks
from serving.kubernetes.manifest import ADCLICK, MANAGED_BY, Manifest

GATEWAY_NAMESPACE = "istio-system"
API_VERSION = "security.istio.io/v1"
# the headers by which Seldon's operator routes gRPC to a model, on paths that it says by a pattern
GRPC_NAME, GRPC_NAMESPACE = "request.headers[seldon]", "request.headers[namespace]"


@dataclass(frozen=True)
class TokenGate:
    """Whose tokens the gateway takes; its pods are those of `namespace` with these `labels`.

    Istio fetches the issuer's keys itself, or is given what their file has when it is applied.
    """

    jwt: JwtOptions
    namespace: str = GATEWAY_NAMESPACE
    labels: Mapping[str, str] = field(default_factory=lambda: {"istio": "ingressgateway"})


def policies(gate: TokenGate, name: str, namespace: str) -> tuple[Manifest, Manifest]:
    """What checks tokens, and what denies the model's address without a good one.

    The second denies rather than allows, because an ALLOW policy would close the gateway to all
    that it does not name. A token that another RequestAuthentication of the gateway takes is none
    for this model. Raises AdclickError when the file of the issuer's keys has none.
    """
    jwt = gate.jwt
    keys = {"jwksUri": jwt.jwks} if jwt.remote else {"jwks": read_jwks(jwt)}
    token = {"issuer": jwt.issuer, "audiences": [*jwt.audiences], **keys}
    root = f"/seldon/{namespace}/{name}"
    rest = {"paths": [f"{root}/*"], "notPaths": [f"{root}{path}" for path in HEALTH]}
    grpc = [
        {"key": GRPC_NAME, "values": [name]},
        {"key": GRPC_NAMESPACE, "values": [namespace]},
    ]
    stranger = [{"source": {"notRequestPrincipals": [f"{jwt.issuer}/*"]}}]
    other = {"key": "request.auth.audiences", "notValues": [*jwt.audiences]}
    rules = [
        {"from": stranger, "to": [{"operation": rest}]},
        {"to": [{"operation": rest}], "when": [other]},
        {"from": stranger, "when": grpc},
        {"when": [*grpc, other]},
    ]
    selector = {"matchLabels": dict(gate.labels)}
    checks, denies = policy_names(gate, name, namespace)
    return (
        {**checks, "spec": {"selector": selector, "jwtRules": [token]}},
        {**denies, "spec": {"selector": selector, "action": "DENY", "rules": rules}},
    )


def policy_names(gate: TokenGate, name: str, namespace: str) -> tuple[Manifest, Manifest]:
    """The same without what they say: by which they are found."""
    metadata = {
        "name": f"{namespace}-{name}",
        "namespace": gate.namespace,
        "labels": {MANAGED_BY: ADCLICK},
    }
    known = {"apiVersion": API_VERSION, "metadata": metadata}
    return {**known, "kind": "RequestAuthentication"}, {**known, "kind": "AuthorizationPolicy"}
