"""Checks of the gcp stack on emulated APIs: each seen to hold, and to fail with what mends it."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from werkzeug import Request, Response

from adclick.config import RunConfig, load_config
from adclick.resources import StepResources
from stacks.checks import CheckResult, check_stack, exit_code
from stacks.checks.check import Status
from stacks.checks.cluster import client_of
from stacks.checks.google import Google
from stacks.checks.machines import machine_check
from stacks.checks.quotas import NAMES
from stacks.checks.running import make_checks
from stacks.checks.seldon import seldon_checks
from stacks.checks.subject import Subject
from stacks.definition import ComponentDefinition, StackDefinition
from tests.gcp.cloud import discovered, names
from tests.gcp.cloud.certificates import make_certificates
from tests.gcp.cloud.google_apis import google_apis
from tests.gcp.cloud.project import ACCOUNT, GPU_METRIC, EmulatedProject, cluster, emulated_project
from tests.gcp.cloud.redirected import EVERY_HOST, RedirectedWeb, Served
from tests.kubernetes.emulated_reviews import ClusterFacts, answer

if not discovered.available():
    pytest.skip("no discovery documents: make .venv-gcp/installed", allow_module_level=True)

REPOSITORY = Path(__file__).resolve().parents[2]
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


@pytest.fixture
def world(
    tmp_path: Path, credentials: Path, tls: tuple[Path, Path, Path], monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
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
        Served(_cluster_api(facts), (certificate, key)),
    ]
    google, server, gates, api = (one.address for one in served)
    project.clusters[names.CLUSTER] = cluster(api, authority.read_bytes())
    web = RedirectedWeb({EVERY_HOST: google, names.ZENML_HOST: server, names.GATEWAY_HOST: gates})
    config = load_config(REPOSITORY / "configs/gcp.yaml")
    yield World(project, facts, web, zenml, dict(ENVIRONMENT), config, gateway)
    for one in served:
        one.close()


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    made = make_certificates(tmp_path_factory.mktemp("certificates"))
    return made.authority, made.certificate, made.key


@pytest.fixture(scope="module")
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


def _cluster_api(facts: ClusterFacts) -> Any:
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


def test_all_holds_where_nothing_is_missing(world: World) -> None:
    results = world.check()
    # this environment is the local one, whose lock is another
    results.pop("requirements")
    assert {name: r.found for name, r in results.items() if r.status != Status.HOLDS} == {}
    assert exit_code(list(results.values())) == 0
    assert results["credentials"].found == ACCOUNT
    assert list(results) == [
        "variables",
        "Python",
        "ZenML server",
        "ZenML account",
        "credentials",
        "APIs",
        "project rights",
        "pipeline account",
        "rights of pipeline account",
        "machine n1-standard-4",
        "machine n1-standard-16",
        "machine n1-standard-8 with 1 x NVIDIA_TESLA_T4",
        "quota of spot NVIDIA_TESLA_T4",
        BUCKET,
        f"rights to {BUCKET}",
        "registry",
        "serving image",
        CLUSTER,
        "Seldon",
        NAMESPACE,
        f"rights in {NAMESPACE}",
        "gateway",
    ]


def _off(world: World) -> None:
    world.project.off |= {"compute.googleapis.com", "cloudbuild.googleapis.com"}


def _usage_off(world: World) -> None:
    world.project.off.add("serviceusage.googleapis.com")


def _lacks(*permissions: str) -> Callable[[World], None]:
    return lambda world: world.project.lacking.update(permissions)


def _no_bucket(world: World) -> None:
    world.project.buckets.clear()


def _bucket_elsewhere(world: World) -> None:
    world.project.buckets[names.BUCKET] = {"location": "EU", "locationType": "multi-region"}


def _no_repository(world: World) -> None:
    world.project.repositories.clear()


def _python_repository(world: World) -> None:
    world.project.repositories[names.REPOSITORY_ID] = "PYTHON"


def _no_image(world: World) -> None:
    world.project.images.clear()


def _no_account(world: World) -> None:
    world.project.accounts.clear()


def _disabled_account(world: World) -> None:
    world.project.accounts[names.PIPELINE_ACCOUNT] = False


def _not_granted(world: World) -> None:
    world.project.access = "NOT_GRANTED"


def _no_quota(world: World) -> None:
    world.project.quotas[GPU_METRIC.format("preemptible_")][names.REGION] = 0


def _no_own_quota(world: World) -> None:
    """The region has none of its own: what is for all regions holds, which is 0."""
    del world.project.quotas[GPU_METRIC.format("preemptible_")][names.REGION]


def _no_gpu_there(world: World) -> None:
    world.project.zones["nvidia-tesla-t4"] = {"us-east1-c"}


def _no_machine_there(world: World) -> None:
    del world.project.machines["n1-standard-8"]


def _no_cluster(world: World) -> None:
    world.project.clusters.clear()


def _cluster_stops(world: World) -> None:
    world.project.clusters[names.CLUSTER]["status"] = "STOPPING"


def _cluster_apart(world: World) -> None:
    world.project.clusters[names.CLUSTER]["endpoint"] = "127.0.0.1:1"


def _no_seldon(world: World) -> None:
    world.facts.seldon = False


def _no_namespace(world: World) -> None:
    world.facts.namespaces.clear()


def _no_deploying(world: World) -> None:
    world.facts.lacking |= {("patch", "seldondeployments"), ("list", "events")}


def _gateway_503(world: World) -> None:
    world.gateway["status"] = 503


def _gateway_gone(world: World) -> None:
    world.web.addresses[names.GATEWAY_HOST] = "127.0.0.1:1"


def _old_server(world: World) -> None:
    world.zenml.version = "0.97.1"


def _local_server(world: World) -> None:
    world.environment["ZENML_STORE_URL"] = "http://127.0.0.1:8237"


def _no_server(world: World) -> None:
    world.web.addresses[names.ZENML_HOST] = "127.0.0.1:1"


def _wrong_key(world: World) -> None:
    world.environment["ZENML_STORE_API_KEY"] = "ZENKEY-of-another"


def _no_registry(world: World) -> None:
    world.environment["ADCLICK_REGISTRY"] = "docker.io/adclick"


REPOSITORY_FLAGS = f"--location={names.REGION} {IN_PROJECT}"
QUOTA_REQUEST = (
    f"gcloud beta quotas preferences create --service=aiplatform.googleapis.com {IN_PROJECT} "
    "--quota-id=CustomModelTrainingPreemptibleT4GPUsPerProjectPerRegion --preferred-value=1 "
    f"--dimensions=region={names.REGION} --email={ACCOUNT}"
)
SERVICE = "kubectl get service istio-ingressgateway --namespace=istio-system"
ENABLE = "gcloud services enable "
FAULTS: dict[str, tuple[Callable[[World], None], str, str, str]] = {
    "APIs off": (
        _off,
        "APIs",
        "not enabled: cloudbuild.googleapis.com, compute.googleapis.com",
        f"{ENABLE}cloudbuild.googleapis.com compute.googleapis.com {IN_PROJECT}",
    ),
    "service usage off": (_usage_off, "APIs", "serviceusage.googleapis.com is not", ENABLE),
    "no right to see APIs": (
        _lacks("serviceusage.services.get"),
        "APIs",
        "'serviceusage.services.get' denied",
        f"{GRANT}roles/serviceusage.serviceUsageConsumer",
    ),
    "no rights": (
        _lacks("aiplatform.pipelineJobs.create", "cloudbuild.builds.create"),
        "project rights",
        "lacks aiplatform.pipelineJobs.create, cloudbuild.builds.create",
        f"{GRANT}roles/aiplatform.user --condition=None && "
        f"{GRANT}roles/cloudbuild.builds.editor --condition=None",
    ),
    "no bucket": (
        _no_bucket,
        BUCKET,
        "there is no such bucket",
        f"gcloud storage buckets create gs://{names.BUCKET} {IN_PROJECT} "
        f"--location={names.REGION} --uniform-bucket-level-access",
    ),
    "bucket elsewhere": (
        _bucket_elsewhere,
        BUCKET,
        f"in eu, but steps run in {names.REGION}",
        f"gcloud storage buckets relocate gs://{names.BUCKET} --location={names.REGION}",
    ),
    "no right to see the bucket": (
        _lacks("storage.buckets.get"),
        BUCKET,
        "'storage.buckets.get' denied",
        f"gcloud storage buckets add-iam-policy-binding gs://{names.BUCKET} {MEMBER} "
        "--role=roles/storage.bucketViewer",
    ),
    "no right to write": (
        _lacks("storage.objects.create", "storage.objects.delete"),
        f"rights to {BUCKET}",
        "lacks storage.objects.create, storage.objects.delete",
        f"gcloud storage buckets add-iam-policy-binding gs://{names.BUCKET} {MEMBER} "
        "--role=roles/storage.objectUser",
    ),
    "no repository": (
        _no_repository,
        "registry",
        "there is no such repository",
        f"gcloud artifacts repositories create {names.REPOSITORY_ID} "
        f"--repository-format=docker {REPOSITORY_FLAGS}",
    ),
    "not for images": (
        _python_repository,
        "registry",
        "its format is PYTHON",
        f"gcloud artifacts repositories create {names.REPOSITORY_ID}-docker "
        f"--repository-format=docker {REPOSITORY_FLAGS}",
    ),
    "no right to push": (
        _lacks("artifactregistry.repositories.uploadArtifacts"),
        "registry",
        "lacks artifactregistry.repositories.uploadArtifacts",
        f"gcloud artifacts repositories add-iam-policy-binding {names.REPOSITORY_ID} "
        f"{REPOSITORY_FLAGS} {MEMBER} --role=roles/artifactregistry.writer",
    ),
    "another registry": (
        _no_registry,
        "registry",
        "docker.io/adclick is no repository of Artifact Registry",
        "export ADCLICK_REGISTRY=LOCATION-docker.pkg.dev/PROJECT/REPOSITORY",
    ),
    "no image": (
        _no_image,
        "serving image",
        f"there is no {names.SERVING_IMAGE}",
        f"gcloud artifacts docker images list {names.REGISTRY} --include-tags",
    ),
    "no account": (
        _no_account,
        "pipeline account",
        f"there is no {names.PIPELINE_ACCOUNT}",
        f"gcloud iam service-accounts create adclick-pipelines {IN_PROJECT}",
    ),
    "account disabled": (
        _disabled_account,
        "pipeline account",
        "is disabled",
        f"gcloud iam service-accounts enable {names.PIPELINE_ACCOUNT}",
    ),
    "may not act as it": (
        _lacks("iam.serviceAccounts.actAs"),
        "pipeline account",
        f"may not run steps as {names.PIPELINE_ACCOUNT}",
        f"gcloud iam service-accounts add-iam-policy-binding {names.PIPELINE_ACCOUNT} {MEMBER} "
        "--role=roles/iam.serviceAccountUser",
    ),
    "account without rights": (
        _not_granted,
        "rights of pipeline account",
        f"{names.PIPELINE_ACCOUNT} lacks storage.objects.create, storage.objects.delete, ",
        f"gcloud storage buckets add-iam-policy-binding gs://{names.BUCKET} "
        f"--member=serviceAccount:{names.PIPELINE_ACCOUNT} --role=roles/storage.objectUser",
    ),
    "quota 0": (
        _no_quota,
        "quota of spot NVIDIA_TESLA_T4",
        f"0 in {names.REGION}, 1 asked for",
        QUOTA_REQUEST,
    ),
    "quota of no region": (
        _no_own_quota,
        "quota of spot NVIDIA_TESLA_T4",
        f"0 in {names.REGION}, 1 asked for",
        QUOTA_REQUEST,
    ),
    "no right to see quotas": (
        _lacks("serviceusage.quotas.get"),
        "quota of spot NVIDIA_TESLA_T4",
        "'serviceusage.quotas.get' denied",
        f"{GRANT}roles/serviceusage.serviceUsageConsumer",
    ),
    "no GPU in the region": (
        _no_gpu_there,
        "machine n1-standard-8 with 1 x NVIDIA_TESLA_T4",
        f"no zone of {names.REGION} has both n1-standard-8 and NVIDIA_TESLA_T4",
        f"gcloud compute accelerator-types list --filter=name=nvidia-tesla-t4 {IN_PROJECT}",
    ),
    "no machine in the region": (
        _no_machine_there,
        "machine n1-standard-8 with 1 x NVIDIA_TESLA_T4",
        f"no zone of {names.REGION} has n1-standard-8",
        f"gcloud compute machine-types list --filter='zone~^{names.REGION}' "
        f"--format='value(name)' {IN_PROJECT}",
    ),
    "no right to see machines": (
        _lacks("compute.machineTypes.list"),
        "machine n1-standard-4",
        "'compute.machineTypes.list' denied",
        f"{GRANT}roles/compute.viewer",
    ),
    "no cluster": (
        _no_cluster,
        CLUSTER,
        f"{names.PROJECT} has no such cluster",
        f"gcloud container clusters list {IN_PROJECT}",
    ),
    "cluster stops": (
        _cluster_stops,
        CLUSTER,
        "it is STOPPING",
        f"gcloud container operations list --location={names.REGION} {IN_PROJECT}",
    ),
    "cluster out of reach": (
        _cluster_apart,
        CLUSTER,
        "https://127.0.0.1:1 can't be reached from here",
        f"gcloud container clusters update {names.CLUSTER} --location={names.REGION} "
        f"{IN_PROJECT} --enable-dns-access",
    ),
    "no Seldon": (
        _no_seldon,
        "Seldon",
        "the cluster has no seldondeployments.machinelearning.seldon.io v1",
        f"{GET_CREDENTIALS}helm install seldon-core seldon-core-operator ",
    ),
    "no namespace": (
        _no_namespace,
        NAMESPACE,
        "it does not exist",
        f"{GET_CREDENTIALS}kubectl create namespace {names.SERVING_NAMESPACE}",
    ),
    "may not deploy": (
        _no_deploying,
        f"rights in {NAMESPACE}",
        f"{ACCOUNT} may not patch seldondeployments, list events",
        f"{GET_CREDENTIALS}kubectl create role adclick-deployer-seldondeployments "
        f"--namespace={names.SERVING_NAMESPACE} --verb=create,delete,get,patch "
        "--resource=seldondeployments.machinelearning.seldon.io && kubectl create rolebinding "
        f"adclick-deployer-seldondeployments --namespace={names.SERVING_NAMESPACE} "
        f"--role=adclick-deployer-seldondeployments --user={ACCOUNT} && ",
    ),
    "gateway without a server": (_gateway_503, "gateway", "answers 503", SERVICE),
    "gateway gone": (
        _gateway_gone,
        "gateway",
        f"{names.GATEWAY_HOST} can't be reached (NewConnectionError)",
        SERVICE,
    ),
    "server of another version": (
        _old_server,
        "ZenML server",
        "its version is 0.97.1, this client's is 0.98.0",
        "helm upgrade zenml oci://public.ecr.aws/zenml/zenml --version=0.98.0 "
        "--namespace=zenml --reuse-values",
    ),
    "server of this machine": (
        _local_server,
        "ZenML server",
        "http://127.0.0.1:8237 is this machine's own",
        "export ZENML_STORE_URL=https://SERVER",
    ),
    "server gone": (
        _no_server,
        "ZenML server",
        f"{names.ZENML_HOST} can't be reached (NewConnectionError)",
        f"curl --fail --show-error https://{names.ZENML_HOST}/api/v1/info",
    ),
    "wrong key": (
        _wrong_key,
        "ZenML account",
        "the server does not know the API key",
        f"zenml login https://{names.ZENML_HOST} && zenml service-account create adclick",
    ),
}


# those that don't hide one another are looked for at once
AT_ONCE = (
    (
        "APIs off",
        "no bucket",
        "no repository",
        "no account",
        "no cluster",
        "no image",
        "gateway without a server",
        "server of another version",
    ),
    (
        "service usage off",
        "bucket elsewhere",
        "not for images",
        "account disabled",
        "cluster stops",
        "gateway gone",
        "server of this machine",
        "no right to see machines",
    ),
    (
        "no right to see APIs",
        "no right to see the bucket",
        "another registry",
        "may not act as it",
        "no right to see quotas",
        "cluster out of reach",
        "server gone",
    ),
    (
        "no rights",
        "no right to write",
        "no right to push",
        "quota 0",
        "no GPU in the region",
        "no Seldon",
        "no namespace",
        "wrong key",
    ),
    ("account without rights", "quota of no region", "no machine in the region", "may not deploy"),
)


@pytest.mark.parametrize("faults", AT_ONCE, ids=lambda faults: faults[0])
def test_each_fault_is_found_with_the_command_that_mends_it(
    world: World, faults: tuple[str, ...]
) -> None:
    for act, *_ in (FAULTS[fault] for fault in faults):
        act(world)
    results = world.check()
    for _, name, found, mend in (FAULTS[fault] for fault in faults):
        assert results[name].status == Status.FAILS, name
        assert found in results[name].found
        assert (results[name].mend or "").startswith(mend)
    assert exit_code(list(results.values())) == 2


def test_no_fault_is_left_out() -> None:
    assert {fault for faults in AT_ONCE for fault in faults} == FAULTS.keys()


def test_all_missing_variables_are_named_and_the_rest_is_checked(world: World) -> None:
    for name in ("SELDON_IMAGE", "ADCLICK_BUCKET", "ZENML_STORE_API_KEY"):
        world.environment[name] = ""
    results = world.check()
    variables = results["variables"]
    assert variables.found.startswith(
        "not set: ADCLICK_BUCKET, SELDON_IMAGE, ZENML_STORE_API_KEY; .env.example says"
    )
    assert variables.mend == (
        "export ADCLICK_BUCKET=VALUE SELDON_IMAGE=VALUE ZENML_STORE_API_KEY=VALUE"
    )
    left = {name: r.found for name, r in results.items() if r.status == Status.NOT_CHECKED}
    assert left == {
        "ZenML server": "needs ZENML_STORE_API_KEY",
        "ZenML account": "needs ZENML_STORE_API_KEY",
        "bucket ${ADCLICK_BUCKET}": "needs ADCLICK_BUCKET",
        "rights to bucket ${ADCLICK_BUCKET}": "needs ADCLICK_BUCKET",
        CLUSTER: "needs ADCLICK_BUCKET, SELDON_IMAGE",
        "Seldon": "needs ADCLICK_BUCKET, SELDON_IMAGE",
        NAMESPACE: "needs ADCLICK_BUCKET, SELDON_IMAGE",
        f"rights in {NAMESPACE}": "needs ADCLICK_BUCKET, SELDON_IMAGE",
        "gateway": "needs ADCLICK_BUCKET, SELDON_IMAGE",
    }
    assert results["registry"].status == Status.HOLDS


def test_without_any_variable_there_is_still_a_table(world: World) -> None:
    world.environment.clear()
    results = world.check()
    assert all(name in results["variables"].found for name in ENVIRONMENT)
    assert {r.status for name, r in results.items() if name.startswith(("APIs", "bucket"))} == {
        Status.NOT_CHECKED
    }


@pytest.mark.parametrize("kind", ["none", "stale"])
def test_without_credentials_nothing_of_google_s_is_checked(
    world: World, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = {"type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": "r"}
    stale = tmp_path / "user.json"
    stale.write_text(json.dumps(user), encoding="utf-8")
    path = stale if kind == "stale" else tmp_path / "none.json"
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    results = world.check()
    assert results["credentials"].status == Status.FAILS
    assert results["credentials"].mend == "gcloud auth application-default login"
    assert {results[name].found for name in ("APIs", "registry", BUCKET, CLUSTER)} == {
        "needs credentials"
    }
    assert results["gateway"].status == Status.HOLDS


def test_a_person_is_known_by_name(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.project.account = "someone@example.com"
    world.project.lacking.add("iam.serviceAccounts.actAs")
    person = {"type": "authorized_user", "client_id": "c", "client_secret": "s"}
    path = tmp_path / "user.json"
    path.write_text(json.dumps(person | {"refresh_token": "emulated"}), encoding="utf-8")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    results = world.check()
    assert results["credentials"].found == "someone@example.com"
    assert "--member=user:someone@example.com " in str(results["pipeline account"].mend)


def test_whoever_may_not_see_policies_is_told_of_the_role(world: World) -> None:
    world.project.access = "UNKNOWN_INFO_DENIED"
    result = world.check()["rights of pipeline account"]
    assert result.status == Status.NOT_CHECKED
    assert result.mend == f"{GRANT}roles/iam.securityReviewer --condition=None"


def test_what_is_off_or_broken_is_said_where_it_is_asked_for(world: World) -> None:
    world.project.off.add("storage.googleapis.com")
    world.project.broken.add("artifactregistry.googleapis.com")
    results = world.check()
    why = "needs storage.googleapis.com, which is not enabled"
    assert (results[BUCKET].status, results[BUCKET].found) == (Status.NOT_CHECKED, why)
    assert results["registry"].found == (
        "artifactregistry.googleapis.com answered 503: The service is currently unavailable."
    )


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


def test_what_does_not_answer_is_not_waited_for_long(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("seldon", "web"):
        monkeypatch.setattr(f"stacks.checks.{module}.SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        world.web.addresses[names.GATEWAY_HOST] = f"127.0.0.1:{silent.getsockname()[1]}"
        results = world.check()
    assert results["gateway"].found == f"{names.GATEWAY_HOST} does not answer within 0.3 s"


def _by_kubeconfig(world: World, context: str | None) -> dict[str, CheckResult]:
    component = ComponentDefinition(
        flavor="seldon_kubernetes",
        configuration={
            "namespace": names.SERVING_NAMESPACE,
            "gateway_url": f"http://{names.GATEWAY_HOST}",
            "image": "serving:1",
            "kubernetes_context": context,
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
    api = Served(_cluster_api(world.facts))
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


def test_spot_and_other_gpus_have_quotas_of_their_own(world: World) -> None:
    world.config = _with_gpus(
        {"machine": "g2-standard-8", "gpu": "NVIDIA_L4", "gpus": 1, "workers": 3},
        {"machine": "n1-standard-8", "gpu": "NVIDIA_TESLA_T4", "gpus": 2, "workers": 3},
        {"machine": "n1-standard-8", "gpu": "NVIDIA_T5", "gpus": 1, "spot": True},
    )
    world.project.quotas["aiplatform.googleapis.com/custom_model_training_nvidia_l4_gpus"] = {
        "": 1,
        names.REGION: -1,
    }
    results = world.check()
    found = {name: r.found for name, r in results.items() if name.startswith("quota")}
    assert found.pop("quota of spot NVIDIA_T5").startswith("Vertex AI trains on no NVIDIA_T5;")
    assert found == {
        "quota of NVIDIA_L4": f"unlimited in {names.REGION}, 3 asked for",
        "quota of NVIDIA_TESLA_T4": f"4 in {names.REGION}, 6 asked for",
    }


@pytest.mark.parametrize(
    ("machine", "gpu", "gpus", "problem"),
    [
        ("g2-standard-8", "NVIDIA_L4", 1, None),
        ("g2-standard-8", "NVIDIA_L4", 2, "g2-standard-8 has 1 x nvidia-l4, built in"),
        ("e2-standard-8", "NVIDIA_TESLA_T4", 1, "e2-standard-8 takes no NVIDIA_TESLA_T4"),
        ("n1-standard-8", "NVIDIA_L4", 1, "n1-standard-8 takes no NVIDIA_L4"),
        ("n1-standard-8", "NVIDIA_TESLA_T4", 3, "takes 1 or 2 or 4 of NVIDIA_TESLA_T4, not 3"),
        ("n1-standard-32", "NVIDIA_TESLA_T4", 1, "takes 2 or 4 of NVIDIA_TESLA_T4, not 1"),
        ("n1-standard-32", "NVIDIA_TESLA_T4", 2, None),
    ],
)
def test_gpus_fit_the_machine(
    world: World, machine: str, gpu: str, gpus: int, problem: str | None
) -> None:
    google = Google(world.web, names.PROJECT)
    google.sign_in()
    step = StepResources(machine=machine, gpu=gpu, gpus=gpus)
    (result,) = make_checks([replace(machine_check(google, names.REGION, step), needs=())], ())
    assert (result.status == Status.HOLDS) == (problem is None)
    assert problem is None or problem in result.found


def test_vertex_knows_the_gpus_that_have_a_quota() -> None:
    known = discovered.enumeration(
        "aiplatform.v1", "GoogleCloudAiplatformV1MachineSpec", "acceleratorType"
    )
    assert NAMES.keys() <= set(known)


def test_a_stack_of_the_same_flavors_has_the_same_checks(world: World) -> None:
    world.facts.namespaces["adclick-pipelines"] = {"adclick-pipelines"}
    results = {r.check: r for r in check_stack("kubernetes", world.config, ENVIRONMENT, world.web)}
    results.pop("requirements")
    assert {name: r.found for name, r in results.items() if r.status != Status.HOLDS} == {}
    assert {BUCKET, "registry", "Seldon", "account adclick-pipelines"} <= results.keys()
    assert not [name for name in results if name.startswith(("machine", "quota"))]


@pytest.mark.slow
def test_gcloud_knows_each_command(world: World, tmp_path: Path) -> None:
    gcloud = shutil.which("gcloud")
    if gcloud is None:
        pytest.skip("gcloud is not installed")
    commands: set[str] = set()
    for _, _, _, mend in FAULTS.values():
        commands |= {part for part in mend.split(" && ") if part.startswith("gcloud ")}
    commands.add(f"{ENABLE}compute.googleapis.com {IN_PROJECT}")
    commands.discard(ENABLE)
    listed = tmp_path / "commands.json"
    content = [{"command_string": command} for command in sorted(commands)]
    listed.write_text(json.dumps(content), encoding="utf-8")
    lint = [gcloud, "meta", "lint-gcloud-commands", f"--commands-file={listed}", "--format=json"]
    ran = subprocess.run(lint, capture_output=True, text=True, timeout=120, check=True)
    # a second list repeats the first
    verdicts, _ = json.JSONDecoder().raw_decode(ran.stdout)
    assert len(verdicts) == len(commands)
    assert [v["error_message"] for v in verdicts if not v["success"]] == []


def _with_gpus(*steps: dict[str, Any]) -> RunConfig:
    return RunConfig.model_validate(
        {"resources": {"steps": {f"step_{i}": step for i, step in enumerate(steps)}}}
    )
