"""The `seldon_kubernetes` flavor: its configuration, and a deployment through a ZenML stack."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from serving.kubernetes.description import Autoscaling
from stacks.seldon_kubernetes import SeldonKubernetesConfig
from tests.bundles import tiny_bundle
from tests.kubernetes.emulated_api import EmulatedApi
from tests.kubernetes.emulated_cluster import EmulatedCluster

REPOSITORY = Path(__file__).resolve().parents[2]
CONFIG: dict[str, Any] = {
    "namespace": "serving",
    "gateway_url": "http://gateway/",
    "image": f"registry/serving@sha256:{'a' * 64}",
    "bundles": "gs://b/bundles",
    "prediction_log": "gs://b/predictions",
}


def test_its_configuration_in_serving_s_words() -> None:
    settings = SeldonKubernetesConfig(
        **CONFIG, max_replicas="6", replicas="2", cpu_percent="50"
    ).settings
    assert settings.url == "http://gateway/seldon/serving/adclick"
    assert settings.request_logger is None
    assert settings.autoscaling == Autoscaling(minimum=2, maximum=6, cpu_percent=50)
    assert SeldonKubernetesConfig(**CONFIG).settings.autoscaling is None


def test_tokens_that_the_gateway_asks_for() -> None:
    jwt = {"issuer": "https://issuer.test/", "audiences": ["ads"], "jwks": "https://issuer.test/k"}
    gate = SeldonKubernetesConfig(**CONFIG, jwt=jwt).settings.gate
    assert gate and gate.jwt.remote
    assert (gate.namespace, gate.labels) == ("istio-system", {"istio": "ingressgateway"})
    assert SeldonKubernetesConfig(**CONFIG).settings.gate is None
    with pytest.raises(ValidationError, match="jwks_ca is none of Istio's settings"):
        SeldonKubernetesConfig(**CONFIG, jwt={**jwt, "jwks_ca": "/ca.pem"})


@pytest.mark.parametrize("name", ["bundles", "prediction_log"])
def test_a_folder_of_this_machine_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="/data is no URL of a bucket"):
        SeldonKubernetesConfig(**{**CONFIG, name: "/data"})


def test_an_image_is_named_by_digest() -> None:
    tagged = {**CONFIG, "image": "registry/serving:latest"}
    with pytest.raises(ValidationError, match="serving:latest is not named by digest"):
        SeldonKubernetesConfig(**tagged)
    assert SeldonKubernetesConfig(**tagged, image_by_tag=True).settings.image == tagged["image"]


@pytest.mark.slow
def test_a_deployment_through_a_stack_is_a_service_of_zenml(tmp_path: Path) -> None:
    api = EmulatedApi(EmulatedCluster(tmp_path / "pods"))
    environment = {
        **os.environ,
        "KUBECONFIG": str(api.kubeconfig(tmp_path / "kubeconfig")),
        "GATEWAY_URL": api.url,
        "IMAGE": CONFIG["image"],
        "BUCKET": f"file://{tmp_path}/bucket",
        "ADCLICK_HOME": str(tmp_path / "home"),
        "HOME": str(tmp_path / "user"),
    }
    bundle = tiny_bundle(tmp_path / "bundle", "v1")
    words = [str(tmp_path / "home"), str(bundle.path)]
    (tmp_path / "home").mkdir()
    try:
        ran = subprocess.run(
            [sys.executable, "-m", "tests.kubernetes.use_flavor", *words],
            cwd=REPOSITORY,
            env=environment,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        assert api.cluster.seldon == {}
    finally:
        api.close()
    facts = json.loads(ran.stdout.splitlines()[-1])
    url = f"{api.url}/seldon/serving/flavored/api/v1.0/predictions"
    assert facts == {
        "version": "v1",
        "prediction_log": f"file://{tmp_path}/bucket/predictions",
        "served": "v1",
        "record": "zenml-adclick-tiny",
        "state": "active",
        "info": {"VERSION": "v1", "PREDICTION_URL": url},
        "stopped": ["inactive", "serving nothing"],
        "served_again": "v1",
        "stopped_last": "v1",
    }
