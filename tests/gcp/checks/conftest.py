"""A world on ports of this machine, and credentials that its token endpoint takes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from werkzeug import Request, Response

from adclick.config import load_config
from tests.gcp.checks.world import ENVIRONMENT, REPOSITORY, World, ZenmlServer, cluster_api
from tests.gcp.cloud import discovered, names
from tests.gcp.cloud.certificates import make_certificates
from tests.gcp.cloud.google_apis import google_apis
from tests.gcp.cloud.project import ACCOUNT, cluster, emulated_project
from tests.gcp.cloud.redirected import EVERY_HOST, RedirectedWeb, Served
from tests.kubernetes.emulated_reviews import ClusterFacts


@pytest.fixture
def world(
    tmp_path: Path, credentials: Path, tls: tuple[Path, Path, Path], monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    if not discovered.available():
        pytest.skip("no discovery documents: make .venv-gcp/installed")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(credentials))
    project, facts, zenml = emulated_project(), ClusterFacts(user=ACCOUNT), ZenmlServer()
    authority, certificate, key = tls
    gateway = {"status": 404}

    @Request.application
    def gate(request: Request) -> Response:
        return Response(status=gateway["status"], headers={"Server": "istio-envoy"})

    served = [
        Served(google_apis(project)),
        Served(zenml.application),
        Served(gate),
        Served(cluster_api(facts), (certificate, key)),
    ]
    google, server, gates, api = (one.address for one in served)
    project.clusters[names.CLUSTER] = cluster(api, authority.read_bytes())
    web = RedirectedWeb({EVERY_HOST: google, names.ZENML_HOST: server, names.GATEWAY_HOST: gates})
    config = load_config(REPOSITORY / "configs/gcp.yaml")
    yield World(project, facts, web, zenml, dict(ENVIRONMENT), config, gateway)
    for one in served:
        one.close()


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    made = make_certificates(tmp_path_factory.mktemp("certificates"))
    return made.authority, made.certificate, made.key


@pytest.fixture(scope="session")
def credentials(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A service account's key file; the emulated token endpoint takes what it signs."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = tmp_path_factory.mktemp("credentials") / "key.json"
    content = {
        "type": "service_account",
        "project_id": names.PROJECT,
        "private_key_id": "emulated",
        "private_key": key.decode(),
        "client_email": ACCOUNT,
        "token_uri": "https://oauth2.googleapis.com/token",
    }
    path.write_text(json.dumps(content), encoding="utf-8")
    return path
