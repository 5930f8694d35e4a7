"""The emulated Google APIs refuse what the real ones would not understand."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import Client

from tests.gcp.cloud import discovered, names
from tests.gcp.cloud.discovered import methods
from tests.gcp.cloud.google_answers import ANSWERS
from tests.gcp.cloud.google_apis import google_apis
from tests.gcp.cloud.project import EmulatedProject, emulated_project

if not discovered.available():
    pytest.skip("no discovery documents: make .venv-gcp/installed", allow_module_level=True)

PROJECT = f"projects/{names.PROJECT}"
SERVICES = f"/v1/{PROJECT}/services:batchGet?names={PROJECT}/services/storage.googleapis.com"
RIGHTS = f"/v1/{PROJECT}:testIamPermissions"


@pytest.fixture
def project() -> EmulatedProject:
    return emulated_project()


def ask(
    project: EmulatedProject,
    host: str,
    path: str,
    body: Any = None,
    token: str = names.TOKEN,
) -> tuple[int, Any]:
    answer = Client(google_apis(project)).open(
        path,
        method="GET" if body is None else "POST",
        base_url=f"https://{host}",
        json=body,
        headers={"Authorization": f"Bearer {token}"},
    )
    return answer.status_code, answer.json


def test_what_is_understood_is_answered(project: EmulatedProject) -> None:
    storage = {"name": f"{PROJECT}/services/storage.googleapis.com", "state": "ENABLED"}
    assert ask(project, "serviceusage.googleapis.com", SERVICES) == (200, {"services": [storage]})


@pytest.mark.parametrize(
    ("host", "path", "body", "problem"),
    [
        ("serviceusage.googleapis.com", f"{SERVICES}&name=x", None, "unknown parameter name"),
        (
            "storage.googleapis.com",
            f"/storage/v1/b/{names.BUCKET}/iam/testPermissions",
            None,
            "parameter permissions is missing",
        ),
        ("cloudresourcemanager.googleapis.com", RIGHTS, {"permission": ["x"]}, "permission"),
        ("cloudresourcemanager.googleapis.com", RIGHTS, {"permissions": "x"}, "is not of type"),
        (
            "compute.googleapis.com",
            f"/compute/v1/{PROJECT}/aggregated/machineTypes?filter=name+%3D+x&filter=y",
            None,
            "parameter filter is given 2 times",
        ),
    ],
)
def test_what_is_not_understood_is_refused(
    project: EmulatedProject, host: str, path: str, body: Any, problem: str
) -> None:
    status, answer = ask(project, host, path, body)
    assert status == 400
    assert problem in answer["error"]["message"]


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("storage.googleapis.com", SERVICES),
        ("serviceusage.googleapis.com", SERVICES.replace("/v1/", "/v3/")),
        ("artifactregistry.googleapis.com", f"/v1/{PROJECT}/repositories/adclick"),
    ],
)
def test_there_is_nothing_at_other_addresses(
    project: EmulatedProject, host: str, path: str
) -> None:
    assert ask(project, host, path)[0] == 404


def test_a_stranger_is_not_let_in(project: EmulatedProject) -> None:
    assert ask(project, "serviceusage.googleapis.com", SERVICES, token="another")[0] == 401


def test_an_api_that_is_off_says_so_as_google_does(project: EmulatedProject) -> None:
    project.off.add("serviceusage.googleapis.com")
    status, answer = ask(project, "serviceusage.googleapis.com", SERVICES)
    assert (status, answer["error"]["status"]) == (403, "PERMISSION_DENIED")
    assert answer["error"]["details"][0]["reason"] == "SERVICE_DISABLED"


def test_an_answer_that_google_would_not_give_is_an_error(project: EmulatedProject) -> None:
    project.buckets[names.BUCKET] = {"place": "us"}
    with pytest.raises(AssertionError, match="'place' was unexpected"):
        ask(project, "storage.googleapis.com", f"/storage/v1/b/{names.BUCKET}")


def test_each_answer_is_of_a_method_that_there_is() -> None:
    assert all(name in methods(document) for document, name in ANSWERS)
