"""The cluster of a connector, of a kubeconfig and of another stack."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stacks.checks import CheckResult, check_stack
from stacks.checks.check import Status
from stacks.checks.cluster import client_of
from stacks.checks.google import Google
from stacks.checks.running import make_checks
from stacks.checks.seldon import seldon_checks
from stacks.checks.subject import Subject
from stacks.definition import ComponentDefinition, StackDefinition
from tests.gcp.checks.world import BUCKET, CLUSTER, ENVIRONMENT, NAMESPACE, World, cluster_api
from tests.gcp.cloud import names
from tests.gcp.cloud.certificates import make_certificates
from tests.gcp.cloud.project import ACCOUNT, cluster
from tests.gcp.cloud.redirected import Served


def test_whoever_has_not_the_cluster_s_certificate_is_not_the_cluster(
    world: World, tmp_path: Path
) -> None:
    other = make_certificates(tmp_path).authority.read_bytes()
    there = world.project.clusters[names.CLUSTER]["endpoint"]
    world.project.clusters[names.CLUSTER] = cluster(there, other)
    results = world.check()
    assert results[CLUSTER].status == Status.FAILS
    assert "SSLError" in results[CLUSTER].found
    assert results["Seldon"].found == f"needs {CLUSTER}"


def _by_kubeconfig(world: World, context: str | None, **changes: object) -> dict[str, CheckResult]:
    component = ComponentDefinition(
        flavor="seldon_kubernetes",
        configuration={
            "namespace": names.SERVING_NAMESPACE,
            "gateway_url": f"http://{names.GATEWAY_HOST}",
            "image": "serving:1",
            "kubernetes_context": context,
            **changes,
        },
    )
    definition = StackDefinition(name="mine", components={"model_deployer": component})
    google = Google(world.web, "")
    subject = Subject(definition, world.config.resources, google, world.web)
    results = make_checks(list(seldon_checks(subject, component)), ())
    return {result.check: result for result in results}


def test_without_a_connector_the_cluster_is_the_kubeconfig_s(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.facts.lacking.add(("list", "pods"))
    api = Served(cluster_api(world.facts))
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": f"http://{api.address}"}}],
        "users": [{"name": "u", "user": {"token": names.TOKEN}}],
        "contexts": [{"name": "mine", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "mine",
    }
    (tmp_path / "kubeconfig").write_text(json.dumps(content), encoding="utf-8")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    results = _by_kubeconfig(world, "mine")
    assert (
        results["cluster mine"].found == f"Kubernetes v1.33.4-gke.1036000 at http://{api.address}"
    )
    assert results["Seldon"].status == Status.HOLDS
    assert results[f"rights in {NAMESPACE}"].found == f"{ACCOUNT} may not list pods"
    assert str(results[f"rights in {NAMESPACE}"].mend).startswith("kubectl --context=mine create")
    guarded = "namespace istio-system"
    assert guarded not in results
    world.facts.namespaces["istio-system"] = set()
    world.facts.lacking.add(("patch", "authorizationpolicies"))
    asked = _by_kubeconfig(world, "mine", jwt={"issuer": "https://issuer.test/"})
    assert asked[guarded].status == Status.HOLDS
    assert asked[f"rights in {guarded}"].found == f"{ACCOUNT} may not patch authorizationpolicies"
    assert "no Kubernetes context other" in _by_kubeconfig(world, "other")["cluster other"].found
    api.close()
    gone = _by_kubeconfig(world, None)["cluster of the kubeconfig"]
    assert f"http://{api.address} can't be reached" in gone.found
    assert gone.mend == "kubectl cluster-info"


def test_a_cluster_s_dns_endpoint_is_preferred_as_zenml_does() -> None:
    there = cluster("203.0.113.9", b"")
    dns = {"endpoint": "gke-1.us.gke.goog", "allowExternalTraffic": True}
    there["controlPlaneEndpointsConfig"] = {"dnsEndpointConfig": dns}
    assert client_of(there, "token").configuration.host == "https://gke-1.us.gke.goog"


def test_a_stack_of_the_same_flavors_has_the_same_checks(world: World) -> None:
    world.facts.namespaces["adclick-pipelines"] = {"adclick-pipelines"}
    results = {r.check: r for r in check_stack("kubernetes", world.config, ENVIRONMENT, world.web)}
    results.pop("requirements")
    assert {name: r.found for name, r in results.items() if r.status != Status.HOLDS} == {}
    assert {BUCKET, "registry", "Seldon", "account adclick-pipelines"} <= results.keys()
    assert not [name for name in results if name.startswith(("machine", "quota"))]
