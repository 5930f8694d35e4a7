"""The SeldonDeployment that a description becomes, and the rules that it has to keep."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from adclick.errors import AdclickError
from serving.kubernetes import rules
from serving.kubernetes.description import Autoscaling, Predictor, ServingDescription
from serving.kubernetes.manifest import deployment_name, manifest
from tests.kubernetes import crd

real_schema = pytest.mark.skipif(not crd.available(), reason=f"{crd.FILE} is not there")

MAIN = Predictor(version="2026-04.5c75c90c", bundle="gs://b/m/2026-04.5c75c90c", image="i@sha256:0")
CANARY = replace(MAIN, version="2026-05.1", bundle="gs://b/m/2026-05.1", traffic=10)
SHADOW = replace(MAIN, version="2026-05.2", bundle="gs://b/m/2026-05.2", shadow=True)
ONE = ServingDescription(
    name="adclick",
    namespace="serving",
    model="sample",
    predictors=(MAIN,),
    prediction_log="gs://b/predictions",
    service_account="seldon",
    environment={"LOG_LEVEL": "info"},
    secrets=("gateway-key",),
)
LOGGED = replace(ONE, request_logger="http://logger.serving/")
ROLLOUT = replace(ONE, predictors=(replace(MAIN, traffic=90), CANARY, SHADOW))
SCALED = replace(ONE, predictors=(replace(MAIN, autoscaling=Autoscaling(2, 8, 60)),))
GRPC = replace(ONE, predictors=(replace(MAIN, grpc=True),))
ALL = {"one": ONE, "logged": LOGGED, "roll-out": ROLLOUT, "scaled": SCALED, "gRPC": GRPC}


def predictor_of(description: ServingDescription) -> dict[str, Any]:
    (predictor,) = manifest(description)["spec"]["predictors"]
    return dict(predictor)


def containers_of(predictor: dict[str, Any]) -> list[dict[str, Any]]:
    spec = predictor["componentSpecs"][0]["spec"]
    return [*spec["initContainers"], *spec["containers"]]


@real_schema
@pytest.mark.parametrize("name", ALL)
def test_fits_the_real_definition(name: str) -> None:
    assert crd.problems(manifest(ALL[name])) == []


@real_schema
def test_the_real_definition_refuses_a_misspelt_field_and_a_wrong_type() -> None:
    wrong = manifest(ONE)
    wrong["spec"]["predictors"][0]["componentSpecs"][0]["spec"]["containers"][0]["imege"] = "i"
    wrong["spec"]["predictors"][0]["traffic"] = "all"
    assert len(crd.problems(wrong)) == 2


@pytest.mark.parametrize("name", ALL)
def test_keeps_the_operator_s_rules(name: str) -> None:
    rules.check(manifest(ALL[name]))


def test_each_container_is_confined() -> None:
    containers = containers_of(predictor_of(ONE))
    assert [c["name"] for c in containers] == ["bundle", "model"]
    for container in containers:
        context = container["securityContext"]
        assert context["runAsNonRoot"] and context["runAsUser"] > 0
        assert context["readOnlyRootFilesystem"] and not context["allowPrivilegeEscalation"]
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert container["image"] == MAIN.image
        assert container["resources"]["requests"].keys() == {"cpu", "memory"}


def test_what_is_written_lies_in_a_volume() -> None:
    spec = predictor_of(ONE)["componentSpecs"][0]["spec"]
    volumes = {volume["name"] for volume in spec["volumes"] if "emptyDir" in volume}
    for container in containers_of(predictor_of(ONE)):
        mounts = {mount["mountPath"]: mount for mount in container["volumeMounts"]}
        assert {mount["name"] for mount in mounts.values()} <= volumes
        folders = [word for word in container["args"] if word.startswith("/")]
        assert all(any(folder.startswith(path) for path in mounts) for folder in folders)


def test_secrets_are_named_and_not_told() -> None:
    text = json.dumps(manifest(ONE))
    for container in containers_of(predictor_of(ONE)):
        assert container["envFrom"] == [{"secretRef": {"name": "gateway-key"}}]
        assert container["env"] == [{"name": "LOG_LEVEL", "value": "info"}]
    assert text.count("gateway-key") == 2


def test_a_request_logger_needs_the_orchestrator() -> None:
    assert predictor_of(ONE)["annotations"]["seldon.io/no-engine"] == "true"
    logged = predictor_of(LOGGED)
    assert "seldon.io/no-engine" not in logged["annotations"]
    assert logged["graph"]["logger"] == {"mode": "all", "url": "http://logger.serving/"}


def test_the_orchestrator_does_not_wait_for_ever() -> None:
    logged = predictor_of(LOGGED)
    assert logged["annotations"]["seldon.io/rest-timeout"] == "15000"
    assert logged["annotations"]["seldon.io/grpc-timeout"] == "15000"
    sooner = predictor_of(replace(LOGGED, answer_seconds=0.5))
    assert sooner["annotations"]["seldon.io/rest-timeout"] == "500"
    assert sooner["name"] != logged["name"]
    assert predictor_of(ONE)["annotations"].keys() == {"adclick/bundle", "seldon.io/no-engine"}


def test_grpc_has_a_port_of_its_own_by_the_name_that_the_operator_looks_for() -> None:
    (_, plain), (_, both) = containers_of(predictor_of(ONE)), containers_of(predictor_of(GRPC))
    assert [port["name"] for port in plain["ports"]] == ["http"]
    ports = {port["name"]: str(port["containerPort"]) for port in both["ports"]}
    assert ports.keys() == {"http", "grpc"}
    assert both["args"][both["args"].index("--grpc-port") + 1] == ports["grpc"]
    assert "--grpc-port" not in plain["args"]


def test_autoscaling_takes_the_place_of_replicas() -> None:
    assert predictor_of(ONE)["componentSpecs"][0]["replicas"] == 1
    scaled = predictor_of(SCALED)["componentSpecs"][0]
    assert "replicas" not in scaled
    assert (scaled["hpaSpec"]["minReplicas"], scaled["hpaSpec"]["maxReplicas"]) == (2, 8)


def test_a_predictor_s_name_changes_with_its_pods_alone() -> None:
    name = predictor_of(ONE)["name"]
    assert deployment_name("adclick", name) == f"adclick-{name}-0-model"
    assert predictor_of(SCALED)["name"] == name
    assert manifest(ROLLOUT)["spec"]["predictors"][0]["name"] == name
    for other in ({"version": "other", "bundle": "gs://b/other"}, {"image": "j"}, {"workers": 3}):
        changed = replace(ONE, predictors=(replace(MAIN, **other),))
        assert predictor_of(changed)["name"] != name


@pytest.mark.parametrize(
    ("description", "message"),
    [
        (replace(ONE, predictors=()), "needs a predictor"),
        (replace(ONE, predictors=(SHADOW,)), "a shadow needs another predictor"),
        (replace(ONE, predictors=(MAIN, SHADOW, replace(SHADOW, bundle="x"))), "at most one"),
        (replace(ONE, predictors=(MAIN, CANARY)), r"sum to 100, not 100\+10"),
        (replace(ONE, predictors=(CANARY,)), "sum to 100, not 10"),
        (
            replace(ONE, predictors=(replace(MAIN, traffic=110), replace(CANARY, traffic=-10))),
            "sum",
        ),
        (replace(ONE, predictors=(MAIN, replace(SHADOW, traffic=101))), "shadow's traffic"),
        (replace(ONE, predictors=(MAIN, replace(MAIN, traffic=0))), "differ in name"),
        (replace(ONE, name="Adclick"), "name 'Adclick' must be 1 to 63 of a-z"),
        (replace(ONE, namespace="a_b"), "namespace 'a_b' must be"),
        (replace(ONE, name="a" * 46), "shorten the name to 45"),
        (replace(ONE, model="a" * 64), "adclick/model 'a.*' must be at most 63"),
        (replace(ONE, predictors=(replace(MAIN, version="a+b"),)), r"version 'a\+b' must be"),
        (replace(ONE, environment={"db_password": "x"}), "db_password .*Kubernetes Secret"),
        (
            replace(ONE, predictors=(replace(MAIN, autoscaling=Autoscaling(3, 2)),)),
            "from 3 to 2 pods",
        ),
    ],
)
def test_what_breaks_a_rule_is_told(description: ServingDescription, message: str) -> None:
    with pytest.raises(AdclickError, match=message) as failed:
        rules.check(manifest(description))
    assert str(failed.value).startswith("SeldonDeployment ")


def test_a_name_of_45_letters_is_short_enough() -> None:
    rules.check(manifest(replace(ONE, name="a" * 45)))


def test_a_graph_needs_its_container_and_only_one_node_without_orchestrator() -> None:
    wrong = manifest(ONE)
    wrong["spec"]["predictors"][0]["graph"]["name"] = "other"
    with pytest.raises(AdclickError, match="no container is named 'other'"):
        rules.check(wrong)
    wrong = manifest(ONE)
    wrong["spec"]["predictors"][0]["graph"]["children"] = [{"name": "model"}]
    with pytest.raises(AdclickError, match="more than one node"):
        rules.check(wrong)
