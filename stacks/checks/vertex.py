"""Checks of Vertex AI as the orchestrator: account, machines and quotas of the steps."""

from __future__ import annotations

from collections.abc import Sequence

from adclick.resources import StepResources
from stacks.checks.check import Check, Finding, fails, holds
from stacks.checks.google import CREDENTIALS, Google
from stacks.checks.machines import machine_check
from stacks.checks.quotas import quota_check
from stacks.checks.subject import Subject
from stacks.checks.web import ApiError
from stacks.checks.zenml_server import SERVER
from stacks.definition import ComponentDefinition

IAM = "iam.googleapis.com"
APIS = ("aiplatform.googleapis.com", "compute.googleapis.com", IAM)
RIGHTS = {
    "aiplatform.pipelineJobs.create": "roles/aiplatform.user",
    "aiplatform.pipelineJobs.get": "roles/aiplatform.user",
}
ACT_AS = "iam.serviceAccounts.actAs"
MISSING = 404


def vertex_checks(subject: Subject, component: ComponentDefinition) -> list[Check]:
    """What its steps need of the project, by the component's configuration and their resources."""
    google, region = subject.google, subject.region
    checks = []
    if subject.definition.server is None:
        checks.append(Check(SERVER, _no_server))
    account = component.configuration.get("workload_service_account")
    if account:
        checks.append(Check("pipeline account", lambda: _account(google, account), (CREDENTIALS,)))
    steps = _different(subject)
    checks += [machine_check(google, region, step) for step in steps if step.machine]
    checks += [
        quota_check(google, region, gpu, need, spot=spot)
        for (gpu, spot), need in _gpus(steps).items()
    ]
    return list({check.name: check for check in checks}.values())


def _no_server() -> Finding:
    return fails(
        "steps run elsewhere, and the stack's file names no `server` that keeps their runs"
    )


def _different(subject: Subject) -> Sequence[StepResources]:
    return (subject.resources.default, *subject.resources.steps.values())


def _gpus(steps: Sequence[StepResources]) -> dict[tuple[str, bool], int]:
    """The most GPUs that one step has at a time, by kind and whether they may be taken away."""
    most: dict[tuple[str, bool], int] = {}
    for step in steps:
        if step.gpu:
            kind = (step.gpu, step.spot)
            most[kind] = max(most.get(kind, 0), step.gpus * step.workers)
    return most


def _account(google: Google, account: str) -> Finding:
    path = f"https://{IAM}/v1/projects/-/serviceAccounts/{account}"
    try:
        held = google.post(f"{path}:testIamPermissions", {"permissions": [ACT_AS]})
        if ACT_AS not in held.get("permissions", ()):
            return fails(
                f"{google.account} may not run steps as {account}", _act_as(google, account)
            )
        kept = google.get(path)
    except ApiError as error:
        if error.status == MISSING:
            return fails(
                f"there is no {account}",
                f"gcloud iam service-accounts create {account.partition('@')[0]} "
                f"--project={google.project}",
            )
        return google.refused(error, "roles/iam.serviceAccountUser")
    if kept.get("disabled"):
        return fails(f"{account} is disabled", f"gcloud iam service-accounts enable {account}")
    return holds(f"{account}; {google.account} may run steps as it")


def _act_as(google: Google, account: str) -> str:
    return (
        f"gcloud iam service-accounts add-iam-policy-binding {account} "
        f"--member={google.member} --role=roles/iam.serviceAccountUser"
    )
