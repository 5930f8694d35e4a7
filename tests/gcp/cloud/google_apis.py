"""Emulated: the methods of Google's REST APIs by which `run.py --check` looks at a project.

A WSGI application, which answers by the request's Host. Each request, and each answer, is checked
against the discovery document of its API: what Google would not understand is refused with 400, and
what Google would not answer is a failed assertion.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from werkzeug import Request, Response

from tests.gcp.cloud import names
from tests.gcp.cloud.discovered import Method, methods
from tests.gcp.cloud.project import EmulatedProject

Arguments = Mapping[str, str]
DISABLED = "{} has not been used in project {} before or it is disabled. Enable it by visiting ..."


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
    arguments: Arguments
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


def google_apis(project: EmulatedProject) -> Callable[..., Any]:
    """The application; what a test changes in `project` is so from the next request on."""
    known = [(methods(document)[name], answer) for (document, name), answer in ANSWERS.items()]

    @Request.application
    def application(request: Request) -> Response:
        try:
            if (request.host, request.path) == ("oauth2.googleapis.com", "/token"):
                return _json(_token(request), 200)
            return _json(_answer(project, known, request), 200)
        except RefusalError as refused:
            return _json(refused.content, refused.code)

    return application


def _answer(
    project: EmulatedProject, known: list[tuple[Method, Answer]], request: Request
) -> dict[str, Any]:
    host = request.host.partition(":")[0]
    # of a path with %2F in it: the server has decoded that already
    path = str(request.environ.get("REQUEST_URI", request.path)).partition("?")[0]
    for method, answer in known:
        found = method.path.fullmatch(path)
        if (method.host, method.verb) != (host, request.method) or found is None:
            continue
        _admit(project, host, request)
        query, body = request.args.to_dict(flat=False), request.get_json(silent=True)
        problems = method.problems(query, body)
        if problems:
            raise RefusalError(400, "INVALID_ARGUMENT", "; ".join(problems))
        arguments = {name: unquote(value) for name, value in found.groupdict().items()}
        content = answer(Call(project, arguments, query, body))
        assert not method.answer_problems(content), method.answer_problems(content)
        return content
    raise RefusalError(404, "NOT_FOUND", f"emulated: {host} has no {request.method} {path}")


def _admit(project: EmulatedProject, host: str, request: Request) -> None:
    if host in project.broken:
        raise RefusalError(503, "UNAVAILABLE", "The service is currently unavailable.")
    if request.headers.get("Authorization") != f"Bearer {names.TOKEN}":
        raise RefusalError(401, "UNAUTHENTICATED", "Request had invalid credentials.")
    if host in project.off:
        message = DISABLED.format(host, names.PROJECT)
        raise RefusalError(403, "PERMISSION_DENIED", message, "SERVICE_DISABLED")


def _token(request: Request) -> dict[str, Any]:
    """Where a service account's key or a user's refresh token becomes an access token."""
    if request.form.get("assertion") or request.form.get("refresh_token") == "emulated":
        return {"access_token": names.TOKEN, "expires_in": 3600, "token_type": "Bearer"}
    raise RefusalError(400, "invalid_grant", "Bad Request")


def _json(content: Any, status: int) -> Response:
    return Response(json.dumps(content), status, content_type="application/json")


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
