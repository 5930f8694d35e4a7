"""Emulated: all that a run on Google Cloud needs, well until a test takes something away."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from werkzeug import Request, Response

from adclick.config import RunConfig
from stacks.checks import CheckResult, check_stack
from tests.gcp.cloud import names
from tests.gcp.cloud.project import ACCOUNT, EmulatedProject
from tests.gcp.cloud.redirected import RedirectedWeb
from tests.kubernetes.emulated_reviews import ClusterFacts, answer

REPOSITORY = Path(__file__).resolve().parents[3]
KEY = "ZENKEY-of-nobody"
SIGN_IN = {"grant_type": "zenml-api-key", "password": KEY}
ENVIRONMENT = {
    "GCP_PROJECT": names.PROJECT,
    "GCP_REGION": names.REGION,
    "ADCLICK_BUCKET": names.BUCKET,
    "ADCLICK_REGISTRY": names.REGISTRY,
    "ADCLICK_PIPELINE_ACCOUNT": names.PIPELINE_ACCOUNT,
    "ZENML_STORE_URL": f"https://{names.ZENML_HOST}",
    "ZENML_STORE_API_KEY": KEY,
    "GKE_CLUSTER": names.CLUSTER,
    "SELDON_NAMESPACE": names.SERVING_NAMESPACE,
    "SELDON_GATEWAY_URL": f"http://{names.GATEWAY_HOST}",
    "SELDON_IMAGE": names.SERVING_IMAGE,
}
BUCKET = f"bucket {names.BUCKET}"
CLUSTER = f"cluster {names.CLUSTER}"
NAMESPACE = f"namespace {names.SERVING_NAMESPACE}"
MEMBER = f"--member=serviceAccount:{ACCOUNT}"
IN_PROJECT = f"--project={names.PROJECT}"
GRANT = f"gcloud projects add-iam-policy-binding {names.PROJECT} {MEMBER} --role="
GET_CREDENTIALS = (
    f"gcloud container clusters get-credentials {names.CLUSTER} --location={names.REGION} "
    f"{IN_PROJECT} && "
)


@dataclass
class ZenmlServer:
    """Emulated: what a ZenML server says of itself, and who its one API key is."""

    version: str = "0.98.0"

    @property
    def application(self) -> Any:
        @Request.application
        def application(request: Request) -> Response:
            match request.path.removeprefix("/api/v1/"):
                case "info":
                    return _json({"version": self.version})
                case "login" if request.form.to_dict() == SIGN_IN:
                    return _json({"access_token": "t", "token_type": "bearer"})
                case "current-user" if request.headers.get("Authorization") == "Bearer t":
                    return _json({"name": "adclick"})
                case "login":
                    return _json({"detail": ["AuthorizationException", "invalid API key"]}, 401)
            return _json({}, 404)

        return application


@dataclass
class World:
    """A project, a cluster, a ZenML server and a gateway in which all is well until a test acts."""

    project: EmulatedProject
    facts: ClusterFacts
    web: RedirectedWeb
    zenml: ZenmlServer
    environment: dict[str, str]
    config: RunConfig
    gateway: dict[str, int] = field(default_factory=lambda: {"status": 404})

    def check(self) -> dict[str, CheckResult]:
        results = check_stack("gcp", self.config, self.environment, self.web)
        assert len({result.check for result in results}) == len(results)
        assert KEY not in str(results)
        assert names.TOKEN not in str(results)
        return {result.check: result for result in results}


def cluster_api(facts: ClusterFacts) -> Any:
    @Request.application
    def application(request: Request) -> Response:
        if request.headers.get("Authorization") != f"Bearer {names.TOKEN}":
            return _json({"kind": "Status", "message": "Unauthorized"}, 401)
        body = request.get_json(silent=True)
        status, content = answer(facts, request.method, request.path, body)
        return _json(content, status)

    return application


def _json(content: Any, status: int = 200) -> Response:
    return Response(json.dumps(content), status, content_type="application/json")
