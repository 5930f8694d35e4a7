"""Variables, credentials and APIs that are missing, and what is still checked then."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from stacks.checks.check import Status
from tests.gcp.checks.world import BUCKET, CLUSTER, ENVIRONMENT, GRANT, NAMESPACE, World
from tests.gcp.cloud import names


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


def test_an_api_out_of_reach_is_a_row_with_a_command_to_try(world: World) -> None:
    world.web.addresses["compute.googleapis.com"] = "127.0.0.1:1"
    result = world.check()["machine n1-standard-4"]
    assert result.found == "compute.googleapis.com can't be reached (NewConnectionError)"
    assert result.mend == "curl --head https://compute.googleapis.com"


def test_what_does_not_answer_is_not_waited_for_long(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("seldon", "web"):
        monkeypatch.setattr(f"stacks.checks.{module}.SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        world.web.addresses[names.GATEWAY_HOST] = f"127.0.0.1:{silent.getsockname()[1]}"
        results = world.check()
    assert results["gateway"].found == f"{names.GATEWAY_HOST} does not answer within 0.3 s"
