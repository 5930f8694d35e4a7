"""The gateway asks for a token: Istio's policies, and a deployment behind them, emulated."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from adclick.errors import AdclickError
from serving.access import Access
from serving.client import PREDICTIONS, PredictionClient
from serving.edge_options import JwtOptions
from serving.kubernetes.policies import TokenGate, policies
from tests.bundles import example
from tests.edges import AUDIENCE, ISSUER, Issuer
from tests.kubernetes import emulated_policies
from tests.kubernetes.emulated_policies import RefusedError
from tests.kubernetes.test_deployment import NAME, Place, failure, kubernetes, place

__all__ = ["kubernetes", "place"]

ROOT = "/seldon/serving/ads"
GRPC = {"seldon": "ads", "namespace": "serving"}


@pytest.fixture(scope="module")
def issuer() -> Issuer:
    return Issuer.new("first")


@pytest.fixture
def gate(issuer: Issuer, tmp_path: Path) -> TokenGate:
    jwks = tmp_path / "jwks.json"
    jwks.write_text(json.dumps(issuer.jwks), encoding="utf-8")
    return TokenGate(JwtOptions(issuer=ISSUER, audiences=(AUDIENCE,), jwks=str(jwks)))


def answer(gate: TokenGate, path: str, token: str | None, **headers: str) -> int:
    """The status that the gateway answers with, or 200 where it lets the request through."""
    if token is not None:
        headers["authorization"] = f"Bearer {token}"
    try:
        emulated_policies.check(policies(gate, "ads", "serving"), path, headers)
    except RefusedError as refused:
        return refused.code
    return 200


def test_they_are_as_istio_defines_them(gate: TokenGate) -> None:
    for policy in policies(gate, "ads", "serving"):
        assert emulated_policies.problems(policy) == []
        assert policy["metadata"]["name"] == "serving-ads"
        assert policy["metadata"]["namespace"] == "istio-system"
        assert policy["spec"]["selector"] == {"matchLabels": {"istio": "ingressgateway"}}
    wrong = {**policies(gate, "ads", "serving")[0]}
    wrong["spec"] = {**wrong["spec"], "jwtRule": []}
    assert emulated_policies.problems(wrong)


def test_istio_fetches_an_issuer_s_keys_or_gets_those_of_a_file(gate: TokenGate) -> None:
    (rule,) = policies(gate, "ads", "serving")[0]["spec"]["jwtRules"]
    assert json.loads(rule["jwks"]) == json.loads(Path(gate.jwt.jwks).read_text())
    remote = TokenGate(gate.jwt.model_copy(update={"jwks": "https://issuer.test/jwks"}))
    (rule,) = policies(remote, "ads", "serving")[0]["spec"]["jwtRules"]
    assert rule["jwksUri"] == "https://issuer.test/jwks" and "jwks" not in rule


def test_a_model_s_address_is_closed_and_no_other(gate: TokenGate, issuer: Issuer) -> None:
    good = issuer.token()
    for path in (f"{ROOT}{PREDICTIONS}", f"{ROOT}/v2/models/adclick/infer", f"{ROOT}/metrics"):
        assert (answer(gate, path, None), answer(gate, path, good)) == (403, 200)
    for path in ("/health/ping", "/health/status", "/v2/health/live", "/v2/health/ready"):
        assert answer(gate, ROOT + path, None) == 200
    assert answer(gate, f"{ROOT}/health/ping/more", None) == 403
    for path in ("/seldon/serving/others/predict", "/seldon/other/ads/predict", "/shop"):
        assert answer(gate, path, None) == 200


@pytest.mark.parametrize("path", ["/seldon.protos.Seldon/Predict", "/x/seldon.protos.Seldon/Y"])
def test_so_is_its_grpc(gate: TokenGate, issuer: Issuer, path: str) -> None:
    assert answer(gate, path, None, **GRPC) == 403
    assert answer(gate, path, issuer.token(), **GRPC) == 200
    assert answer(gate, path, issuer.token(aud="others"), **GRPC) == 403
    assert answer(gate, path, None, seldon="others", namespace="serving") == 200


def test_only_good_tokens_open_it(gate: TokenGate, issuer: Issuer) -> None:
    path = ROOT + PREDICTIONS
    assert answer(gate, path, issuer.token(exp=int(time.time()) - 120)) == 401
    assert answer(gate, path, issuer.token(iss="https://other.test/")) == 401
    assert answer(gate, path, Issuer.new("first").token()) == 401
    assert answer(gate, path, issuer.token(aud="others")) == 403
    assert answer(gate, path, issuer.token(sub=None)) == 403


def test_what_another_policy_of_the_gateway_takes_is_none_for_this_model(
    gate: TokenGate, issuer: Issuer
) -> None:
    other = Issuer.new("second")
    (checks, denies) = policies(gate, "ads", "serving")
    theirs: dict[str, Any] = {
        "issuer": "https://other.test/",
        "audiences": ["others"],
        "jwks": json.dumps(other.jwks),
    }
    known = [checks, denies, {**checks, "spec": {"jwtRules": [theirs]}}]
    token = other.token(iss="https://other.test/", aud="others")
    headers = {"authorization": f"Bearer {token}"}
    emulated_policies.check(known, "/shop", headers)
    with pytest.raises(RefusedError, match="RBAC"):
        emulated_policies.check(known, ROOT + PREDICTIONS, headers)


@pytest.fixture
def guarded(place: Place, gate: TokenGate) -> Iterator[dict[str, Any]]:
    """Changes of a deployer's settings, with which it asks for tokens."""
    yield {"gate": gate}
    place.seldon(gate=gate).stop()
    assert place.cluster.policies == {}


@pytest.mark.slow
def test_a_deployment_behind_them(
    place: Place, guarded: dict[str, Any], issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ADCLICK_API_TOKEN", raising=False)
    with pytest.raises(AdclickError, match="has to be asked with a token of its issuer: set ADCL"):
        place.deploy("v1", **guarded)
    assert place.cluster.policies == {} == place.cluster.seldon
    monkeypatch.setenv("ADCLICK_API_TOKEN", issuer.token())
    first = place.deploy("v1", **guarded)
    assert first.started
    url = place.settings.url
    assert requests.post(url + PREDICTIONS, json={}, timeout=10).status_code == 403
    with PredictionClient(url) as stranger:
        with pytest.raises(AdclickError, match="answered 403"):
            stranger.predict([example()])
        assert stranger.is_healthy()
    with PredictionClient(url, access=Access(token=issuer.token())) as client:
        assert client.predict([example()]).version == "v1"
    place.deploy("v2", bias=1.0, traffic=50, **guarded)
    assert place.seldon(**guarded).promote().version == "v2"
    # a gateway that has not heard of its policies is no success, and what serves is brought back
    place.cluster.faults.no_guard = True
    message = failure(place, "v2", bias=1.0, route_seconds=1.0, **guarded)
    assert f"{url} answers without a token" in message
    assert message.endswith("version v2 serves as before")
    place.cluster.faults.no_guard = False


def test_someone_without_rights_at_the_gateway(
    place: Place, gate: TokenGate, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADCLICK_API_TOKEN", issuer.token())
    elsewhere = TokenGate(gate.jwt, namespace="other-system")
    with pytest.raises(AdclickError) as refused:
        place.deploy("v1", gate=elsewhere)
    message = str(refused.value)
    assert "is there a namespace other-system, and Istio on the cluster?" in message
    assert NAME not in place.cluster.seldon
