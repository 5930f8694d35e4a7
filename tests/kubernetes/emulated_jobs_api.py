"""Emulated: what a cluster's API answers of one namespace's Jobs and pods, and to whom."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from stacks.checks.kubernetes import ORCHESTRATION
from tests.kubernetes.emulated_cluster import RefusalError
from tests.kubernetes.emulated_jobs import EmulatedJobs

PATH = re.compile(
    r"/(?:api/v1|apis/batch/v1)/namespaces/(?P<namespace>[^/]+)"
    r"/(?P<kind>jobs|pods)(?:/(?P<name>[^/]+)(?P<log>/log)?)?"
)
# of dictionaries, the client sends strategic merge patches
PATCHES = {"application/merge-patch+json", "application/strategic-merge-patch+json"}
# who runs pipelines may do what `run.py --check` asks for, and nothing else
RIGHTS = {resource: verbs for resource, _, verbs in ORCHESTRATION}

Resource = dict[str, Any]


class JobsApi:
    """Answers requests for the objects of `jobs`, by all who may do what pipelines do."""

    def __init__(self, jobs: EmulatedJobs) -> None:
        self._jobs = jobs

    def user(self, token: str) -> str | None:
        """The service account whose token this is."""
        return self._jobs.user(token)

    def knows(self, path: str) -> bool:
        """Whether the path is one of a Job or a pod of the namespace."""
        found = PATH.fullmatch(path)
        return found is not None and found["namespace"] == self._jobs.namespace

    def answer(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes,
    ) -> tuple[int, Resource | str]:
        """Status and content, or RefusalError; a log's content is text."""
        found = PATH.fullmatch(path)
        assert found is not None
        kind, name = found["kind"], found["name"]
        _may(_verb(method, name), f"{kind}/log" if found["log"] else kind)
        match method, kind, name:
            case "GET", _, None:
                return 200, self._list(kind, query)
            case "GET", "pods", _:
                pod = self._jobs.pod(name)
                return 200, pod.said() if found["log"] else pod.resource()
            case "GET", "jobs", _:
                return 200, self._jobs.job(name).resource()
            case "POST", "jobs", None:
                return 201, self._jobs.create(json.loads(body))
            case "PATCH", "jobs", _:
                return 200, self._patch(name, headers["Content-Type"], json.loads(body))
            case "DELETE", "jobs", _:
                return 200, self._delete(name, query, body)
        raise RefusalError(405, "MethodNotAllowed", f"Emulated: no {method} of {kind}")

    def _list(self, kind: str, query: Mapping[str, str]) -> Resource:
        of_kind = self._jobs.jobs() if kind == "jobs" else self._jobs.pods()
        labels, fields = (_pairs(query.get(f"{by}Selector", "")) for by in ("label", "field"))
        items = [
            found
            for found in (each.resource() for each in of_kind)
            if labels.items() <= (found["metadata"].get("labels") or {}).items()
            and all(_field(found, path) == value for path, value in fields.items())
        ]
        version, name = ("batch/v1", "JobList") if kind == "jobs" else ("v1", "PodList")
        return {"apiVersion": version, "kind": name, "metadata": {}, "items": items}

    def _patch(self, name: str, content_type: str, patch: Resource) -> Resource:
        if content_type not in PATCHES:
            raise RefusalError(415, "UnsupportedMediaType", f"Emulated: no {content_type}")
        annotations = patch.get("metadata", {}).get("annotations")
        if patch != {"metadata": {"annotations": annotations}}:
            raise RefusalError(422, "Invalid", "Emulated: annotations alone can be patched")
        job = self._jobs.job(name)
        job.annotate(annotations)
        return job.resource()

    def _delete(self, name: str, query: Mapping[str, str], body: bytes) -> Resource:
        wanted = json.loads(body or b"{}").get("propagationPolicy", query.get("propagationPolicy"))
        if wanted not in {"Foreground", "Background"}:
            raise RefusalError(422, "Invalid", "Emulated: pods are always deleted with their Job")
        self._jobs.delete(name)
        return {"kind": "Status", "apiVersion": "v1", "status": "Success"}


def _may(verb: str, resource: str) -> None:
    if verb not in RIGHTS.get(resource, ()):
        message = f"{resource} is forbidden: cannot {verb} resource"
        raise RefusalError(403, "Forbidden", message)


def _verb(method: str, name: str | None) -> str:
    named = {"GET": "get", "PATCH": "patch", "DELETE": "delete"}
    return (
        named.get(method, method) if name else {"GET": "list", "POST": "create"}.get(method, method)
    )


def _pairs(selector: str) -> dict[str, str]:
    """`a=b,c=d`; the other forms of selectors are not asked for."""
    pairs = [pair.split("=") for pair in selector.split(",") if pair]
    if any(len(pair) != 2 for pair in pairs):
        raise RefusalError(400, "BadRequest", f"Emulated: no selector {selector}")
    return dict(pairs)


def _field(resource: Any, path: str) -> Any:
    for name in path.split("."):
        resource = resource.get(name, {})
    return resource
