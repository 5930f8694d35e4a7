"""Emulated: what the methods of Google's REST APIs answer of a project."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.gcp.cloud import names
from tests.gcp.cloud.project import EmulatedProject


class RefusalError(Exception):
    """An answer with this HTTP status instead of the one asked for."""

    def __init__(self, code: int, status: str, message: str, reason: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason}]
        error = {"code": code, "message": message, "status": status}
        self.content = {"error": error | ({"details": details} if reason else {})}


@dataclass(frozen=True)
class Call:
    """A request that its API understands."""

    project: EmulatedProject
    arguments: Mapping[str, str]
    query: Mapping[str, list[str]]
    body: Any

    def may(self, permission: str) -> None:
        """Refuse unless the caller has the permission."""
        if permission in self.project.lacking:
            message = f"Permission '{permission}' denied on resource (or it may not exist)."
            raise RefusalError(403, "PERMISSION_DENIED", message)

    def held(self, asked: list[str]) -> dict[str, Any]:
        """Of the permissions asked for, those that the caller has: none is left out as a field."""
        held = [permission for permission in asked if permission not in self.project.lacking]
        return {"permissions": held} if held else {}


Answer = Callable[[Call], dict[str, Any]]


def _services(call: Call) -> dict[str, Any]:
    call.may("serviceusage.services.get")
    states = {
        name: "DISABLED" if name.rsplit("/", 1)[-1] in call.project.off else "ENABLED"
        for name in call.query.get("names", [])
    }
    return {"services": [{"name": name, "state": state} for name, state in states.items()]}


def _quota(call: Call) -> dict[str, Any]:
    call.may("serviceusage.quotas.get")
    metric = call.arguments["name"].partition("/consumerQuotaMetrics/")[2]
    if metric not in call.project.quotas:
        raise RefusalError(404, "NOT_FOUND", f"Quota metric '{metric}' not found.")
    # as the real one: the limit for all regions first, and a limit of 0 left out
    buckets = [
        ({"effectiveLimit": str(limit)} if limit else {})
        | ({"dimensions": {"region": region}} if region else {})
        for region, limit in sorted(call.project.quotas[metric].items())
    ]
    limit = {"metric": metric, "unit": "1/{project}/{region}", "quotaBuckets": buckets}
    return {"name": call.arguments["name"], "metric": metric, "consumerQuotaLimits": [limit]}


def _bucket(call: Call) -> dict[str, Any]:
    call.may("storage.buckets.get")
    name = call.arguments["bucket"]
    if name not in call.project.buckets:
        raise RefusalError(404, "NOT_FOUND", "The specified bucket does not exist.")
    return {"kind": "storage#bucket", "name": name, **call.project.buckets[name]}


def _bucket_rights(call: Call) -> dict[str, Any]:
    return {"kind": "storage#testIamPermissionsResponse", **call.held(call.query["permissions"])}


def _repository(call: Call) -> dict[str, Any]:
    call.may("artifactregistry.repositories.get")
    name = call.arguments["name"]
    kind = call.project.repositories.get(name.rsplit("/", 1)[-1])
    if kind is None:
        raise RefusalError(404, "NOT_FOUND", "Requested entity was not found.")
    return {"name": name, "format": kind, "mode": "STANDARD_REPOSITORY"}


def _image(call: Call) -> dict[str, Any]:
    call.may("artifactregistry.dockerimages.get")
    name = call.arguments["name"]
    wanted = f"{names.REGISTRY}/{name.rsplit('/dockerImages/', 1)[-1]}"
    if wanted not in call.project.images:
        raise RefusalError(404, "NOT_FOUND", "Requested entity was not found.")
    return {"name": name, "uri": wanted}


def _rights(call: Call) -> dict[str, Any]:
    return call.held(call.body["permissions"])


def _service_account(call: Call) -> dict[str, Any]:
    email = call.arguments["name"].rsplit("/", 1)[-1]
    _known_account(call, email)
    return {"email": email, "disabled": not call.project.accounts[email]}


def _account_rights(call: Call) -> dict[str, Any]:
    _known_account(call, call.arguments["resource"].rsplit("/", 1)[-1])
    return call.held(call.body["permissions"])


def _known_account(call: Call, email: str) -> None:
    if email not in call.project.accounts:
        raise RefusalError(404, "NOT_FOUND", f"Unknown service account: {email}")


def _access(call: Call) -> dict[str, Any]:
    return {"access": call.project.access}


def _clusters(call: Call) -> dict[str, Any]:
    call.may("container.clusters.list")
    return {"clusters": list(call.project.clusters.values())}


def _machine_types(call: Call) -> dict[str, Any]:
    call.may("compute.machineTypes.list")
    name = _filtered(call)
    machine = call.project.machines.get(name)
    if machine is None:
        return _aggregated(call, "machineTypes", name, {})
    built_in = [
        {"guestAcceleratorType": kind, "guestAcceleratorCount": count}
        for kind, count in machine.built_in.items()
    ]
    content = {"name": name, "guestCpus": machine.cpus}
    return _aggregated(
        call, "machineTypes", name, content | ({"accelerators": built_in} if built_in else {})
    )


def _accelerator_types(call: Call) -> dict[str, Any]:
    call.may("compute.acceleratorTypes.list")
    name = _filtered(call)
    most = call.project.accelerators.get(name)
    content = {"name": name, "maximumCardsPerInstance": most} if most else {}
    return _aggregated(call, "acceleratorTypes", name, content)


def _filtered(call: Call) -> str:
    """The name in a filter, which is the one that is understood here: `name = NAME`."""
    field, operator, name = call.query["filter"][0].split(" ")
    assert (field, operator) == ("name", "=")
    return name


def _aggregated(call: Call, kind: str, name: str, content: dict[str, Any]) -> dict[str, Any]:
    """All zones: those without such a thing say so in words."""
    there = call.project.zones.get(name, set()) if content else set()
    none = {"warning": {"code": "NO_RESULTS_ON_PAGE", "message": "There are no results."}}
    zones = {zone for zones in call.project.zones.values() for zone in zones}
    return {
        "kind": f"compute#{kind[:-1]}AggregatedList",
        "items": {
            f"zones/{zone}": {kind: [content | {"zone": zone}]} if zone in there else none
            for zone in sorted(zones)
        },
    }


def _user(call: Call) -> dict[str, Any]:
    return {"email": call.project.account}


REPOSITORIES = "projects.locations.repositories"
ANSWERS: Mapping[tuple[str, str], Answer] = {
    ("serviceusage.v1", "services.batchGet"): _services,
    ("serviceusage.v1beta1", "services.consumerQuotaMetrics.get"): _quota,
    ("cloudresourcemanager.v1", "projects.testIamPermissions"): _rights,
    ("storage.v1", "buckets.testIamPermissions"): _bucket_rights,
    ("storage.v1", "buckets.get"): _bucket,
    ("artifactregistry.v1", f"{REPOSITORIES}.testIamPermissions"): _rights,
    ("artifactregistry.v1", f"{REPOSITORIES}.dockerImages.get"): _image,
    ("artifactregistry.v1", f"{REPOSITORIES}.get"): _repository,
    ("iam.v1", "projects.serviceAccounts.testIamPermissions"): _account_rights,
    ("iam.v1", "projects.serviceAccounts.get"): _service_account,
    ("policytroubleshooter.v1", "iam.troubleshoot"): _access,
    ("container.v1", "projects.locations.clusters.list"): _clusters,
    ("compute.v1", "machineTypes.aggregatedList"): _machine_types,
    ("compute.v1", "acceleratorTypes.aggregatedList"): _accelerator_types,
    ("oauth2.v2", "userinfo.get"): _user,
}
