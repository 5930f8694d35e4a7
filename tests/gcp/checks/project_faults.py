"""What may be missing in a Google Cloud project, and the commands that mend it."""

from __future__ import annotations

from collections.abc import Callable

from tests.gcp.checks.fault import Fault
from tests.gcp.checks.world import BUCKET, GRANT, IN_PROJECT, MEMBER, World
from tests.gcp.cloud import names
from tests.gcp.cloud.project import ACCOUNT, GPU_METRIC

REPOSITORY_FLAGS = f"--location={names.REGION} {IN_PROJECT}"
QUOTA_REQUEST = (
    f"gcloud beta quotas preferences create --service=aiplatform.googleapis.com {IN_PROJECT} "
    "--quota-id=CustomModelTrainingPreemptibleT4GPUsPerProjectPerRegion --preferred-value=1 "
    f"--dimensions=region={names.REGION} --email={ACCOUNT}"
)
ENABLE = "gcloud services enable "


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


def _no_registry(world: World) -> None:
    world.environment["ADCLICK_REGISTRY"] = "docker.io/adclick"


PROJECT_FAULTS: dict[str, Fault] = {
    "APIs off": Fault(
        _off,
        "APIs",
        "not enabled: cloudbuild.googleapis.com, compute.googleapis.com",
        f"{ENABLE}cloudbuild.googleapis.com compute.googleapis.com {IN_PROJECT}",
    ),
    "service usage off": Fault(_usage_off, "APIs", "serviceusage.googleapis.com is not", ENABLE),
    "no right to see APIs": Fault(
        _lacks("serviceusage.services.get"),
        "APIs",
        "'serviceusage.services.get' denied",
        f"{GRANT}roles/serviceusage.serviceUsageConsumer",
    ),
    "no rights": Fault(
        _lacks("aiplatform.pipelineJobs.create", "cloudbuild.builds.create"),
        "project rights",
        "lacks aiplatform.pipelineJobs.create, cloudbuild.builds.create",
        f"{GRANT}roles/aiplatform.user --condition=None && "
        f"{GRANT}roles/cloudbuild.builds.editor --condition=None",
    ),
    "no bucket": Fault(
        _no_bucket,
        BUCKET,
        "there is no such bucket",
        f"gcloud storage buckets create gs://{names.BUCKET} {IN_PROJECT} "
        f"--location={names.REGION} --uniform-bucket-level-access",
    ),
    "bucket elsewhere": Fault(
        _bucket_elsewhere,
        BUCKET,
        f"in eu, but steps run in {names.REGION}",
        f"gcloud storage buckets relocate gs://{names.BUCKET} --location={names.REGION}",
    ),
    "no right to see the bucket": Fault(
        _lacks("storage.buckets.get"),
        BUCKET,
        "'storage.buckets.get' denied",
        f"gcloud storage buckets add-iam-policy-binding gs://{names.BUCKET} {MEMBER} "
        "--role=roles/storage.bucketViewer",
    ),
    "no right to write": Fault(
        _lacks("storage.objects.create", "storage.objects.delete"),
        f"rights to {BUCKET}",
        "lacks storage.objects.create, storage.objects.delete",
        f"gcloud storage buckets add-iam-policy-binding gs://{names.BUCKET} {MEMBER} "
        "--role=roles/storage.objectUser",
    ),
    "no repository": Fault(
        _no_repository,
        "registry",
        "there is no such repository",
        f"gcloud artifacts repositories create {names.REPOSITORY_ID} "
        f"--repository-format=docker {REPOSITORY_FLAGS}",
    ),
    "not for images": Fault(
        _python_repository,
        "registry",
        "its format is PYTHON",
        f"gcloud artifacts repositories create {names.REPOSITORY_ID}-docker "
        f"--repository-format=docker {REPOSITORY_FLAGS}",
    ),
    "no right to push": Fault(
        _lacks("artifactregistry.repositories.uploadArtifacts"),
        "registry",
        "lacks artifactregistry.repositories.uploadArtifacts",
        f"gcloud artifacts repositories add-iam-policy-binding {names.REPOSITORY_ID} "
        f"{REPOSITORY_FLAGS} {MEMBER} --role=roles/artifactregistry.writer",
    ),
    "another registry": Fault(
        _no_registry,
        "registry",
        "docker.io/adclick is no repository of Artifact Registry",
        "export ADCLICK_REGISTRY=LOCATION-docker.pkg.dev/PROJECT/REPOSITORY",
    ),
    "no image": Fault(
        _no_image,
        "serving image",
        f"there is no {names.SERVING_IMAGE}",
        f"gcloud artifacts docker images list {names.REGISTRY} --include-tags",
    ),
    "no account": Fault(
        _no_account,
        "pipeline account",
        f"there is no {names.PIPELINE_ACCOUNT}",
        f"gcloud iam service-accounts create adclick-pipelines {IN_PROJECT}",
    ),
    "account disabled": Fault(
        _disabled_account,
        "pipeline account",
        "is disabled",
        f"gcloud iam service-accounts enable {names.PIPELINE_ACCOUNT}",
    ),
    "may not act as it": Fault(
        _lacks("iam.serviceAccounts.actAs"),
        "pipeline account",
        f"may not run steps as {names.PIPELINE_ACCOUNT}",
        f"gcloud iam service-accounts add-iam-policy-binding {names.PIPELINE_ACCOUNT} {MEMBER} "
        "--role=roles/iam.serviceAccountUser",
    ),
    "account without rights": Fault(
        _not_granted,
        "rights of pipeline account",
        f"{names.PIPELINE_ACCOUNT} lacks storage.objects.create, storage.objects.delete, ",
        f"gcloud storage buckets add-iam-policy-binding gs://{names.BUCKET} "
        f"--member=serviceAccount:{names.PIPELINE_ACCOUNT} --role=roles/storage.objectUser",
    ),
    "quota 0": Fault(
        _no_quota,
        "quota of spot NVIDIA_TESLA_T4",
        f"0 in {names.REGION}, 1 asked for",
        QUOTA_REQUEST,
    ),
    "quota of no region": Fault(
        _no_own_quota,
        "quota of spot NVIDIA_TESLA_T4",
        f"0 in {names.REGION}, 1 asked for",
        QUOTA_REQUEST,
    ),
    "no right to see quotas": Fault(
        _lacks("serviceusage.quotas.get"),
        "quota of spot NVIDIA_TESLA_T4",
        "'serviceusage.quotas.get' denied",
        f"{GRANT}roles/serviceusage.serviceUsageConsumer",
    ),
    "no GPU in the region": Fault(
        _no_gpu_there,
        "machine n1-standard-8 with 1 x NVIDIA_TESLA_T4",
        f"no zone of {names.REGION} has both n1-standard-8 and NVIDIA_TESLA_T4",
        f"gcloud compute accelerator-types list --filter=name=nvidia-tesla-t4 {IN_PROJECT}",
    ),
    "no machine in the region": Fault(
        _no_machine_there,
        "machine n1-standard-8 with 1 x NVIDIA_TESLA_T4",
        f"no zone of {names.REGION} has n1-standard-8",
        f"gcloud compute machine-types list --filter='zone~^{names.REGION}' "
        f"--format='value(name)' {IN_PROJECT}",
    ),
    "no right to see machines": Fault(
        _lacks("compute.machineTypes.list"),
        "machine n1-standard-4",
        "'compute.machineTypes.list' denied",
        f"{GRANT}roles/compute.viewer",
    ),
}
