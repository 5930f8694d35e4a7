"""Checks of Vertex AI as the orchestrator: account, machines and quotas of the steps."""

from __future__ import annotations

from collections.abc import Sequence

from adclick.resources import StepResources
from stacks.checks import service_account
from stacks.checks.check import Check, Finding, fails
from stacks.checks.machines import machine_check
from stacks.checks.quotas import quota_check
from stacks.checks.service_account import account_checks
from stacks.checks.subject import Subject
from stacks.checks.zenml_server import SERVER
from stacks.definition import ComponentDefinition

APIS = ("aiplatform.googleapis.com", "compute.googleapis.com", *service_account.APIS)
RIGHTS = {
    "aiplatform.pipelineJobs.create": "roles/aiplatform.user",
    "aiplatform.pipelineJobs.get": "roles/aiplatform.user",
}


def vertex_checks(subject: Subject, component: ComponentDefinition) -> list[Check]:
    """What its steps need of the project, by the component's configuration and their resources."""
    google, region = subject.google, subject.region
    checks = []
    if subject.definition.server is None:
        checks.append(Check(SERVER, _no_server))
    account = component.configuration.get("workload_service_account")
    if account:
        checks += account_checks(google, str(account), subject.bucket)
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
