"""Checks of a Google Cloud project as a whole: credentials, APIs, rights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from stacks.checks.check import Check, Finding, fails, holds
from stacks.checks.google import CREDENTIALS, Google
from stacks.checks.web import ApiError

USAGE = "serviceusage.googleapis.com"
RESOURCES = "cloudresourcemanager.googleapis.com"
# what the checks themselves ask, and where ZenML's server may keep the connectors' secrets
APIS = (USAGE, RESOURCES, "secretmanager.googleapis.com")


def credential_checks(google: Google) -> list[Check]:
    """Who asks; all other checks of Google Cloud need it."""
    return [Check(CREDENTIALS, google.sign_in)]


def project_checks(google: Google, apis: Sequence[str], rights: Mapping[str, str]) -> list[Check]:
    """What the project must have enabled, and the role in it that each permission comes with."""
    needed = tuple(sorted({*APIS, *apis}))
    return [
        Check("APIs", lambda: _apis(google, needed), (CREDENTIALS,)),
        Check("project rights", lambda: _rights(google, rights), (CREDENTIALS,)),
    ]


def _apis(google: Google, needed: Sequence[str]) -> Finding:
    project = f"projects/{google.project}"
    names = [f"{project}/services/{name}" for name in needed]
    try:
        answer = google.get(f"https://{USAGE}/v1/{project}/services:batchGet", names=names)
    except ApiError as error:
        if error.off:
            return fails(f"{error.off} is not enabled", _enable(google, needed))
        return google.refused(error, "roles/serviceusage.serviceUsageConsumer")
    states = {s["name"].rsplit("/", 1)[-1]: s["state"] for s in answer.get("services", ())}
    off = [name for name in needed if states.get(name) != "ENABLED"]
    if off:
        return fails(f"not enabled: {', '.join(off)}", _enable(google, off))
    return holds(f"{len(needed)} enabled")


def _enable(google: Google, names: Sequence[str]) -> str:
    return f"gcloud services enable {' '.join(names)} --project={google.project}"


def _rights(google: Google, rights: Mapping[str, str]) -> Finding:
    url = f"https://{RESOURCES}/v1/projects/{google.project}:testIamPermissions"
    held = google.post(url, {"permissions": sorted(rights)}).get("permissions", ())
    lacking = sorted(rights.keys() - set(held))
    if lacking:
        roles = sorted({rights[permission] for permission in lacking})
        return fails(f"{google.account} lacks {', '.join(lacking)}", google.grant(*roles))
    return holds(f"all {len(rights)} held")
