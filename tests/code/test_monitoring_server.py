"""Reports published to a real Evidently server, and what it says of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from test_monitoring import report, same_world, world
from zenml.enums import StackComponentType

from adclick.errors import AdclickError
from adclick.monitoring.project import project_id
from adclick.monitoring.workspace import open_workspace, publish
from adclick.monitoring.workspace_server import SECRET_VARIABLE
from stacks.checks.check import Status
from stacks.checks.evidently import evidently_check
from stacks.checks.web import Web
from stacks.report_store import ReportStore, ReportStoreConfig
from tests.buckets import bucket
from tests.evidently import EvidentlyServer, evidently_server
from tests.servers import free_port

SECRET = "who-may-write"
PROJECT = project_id("ads")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EvidentlyServer]:
    with evidently_server(tmp_path_factory.mktemp("workspace"), SECRET) as running:
        yield running


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SECRET_VARIABLE, SECRET)


def snapshots(server: EvidentlyServer) -> list[dict[str, Any]]:
    return list(server.get(f"/api/projects/{PROJECT}/snapshots").json())


def test_reports_are_on_the_server_once_each(server: EvidentlyServer) -> None:
    first, july = same_world(), report(world(3), name="2026-07")
    assert publish([first, july], server.address, "ads") == 2
    assert publish([first, july], server.address, "ads") == 0
    assert sorted(snapshot["name"] for snapshot in snapshots(server)) == ["2026-06", "2026-07"]
    changed = report(world(2))
    assert publish([changed, july], server.address, "ads") == 1
    assert not open_workspace(server.address).missing([changed, july], PROJECT)
    assert open_workspace(server.address).missing([first], PROJECT) == (first,)
    assert sorted(snapshot["name"] for snapshot in snapshots(server)) == ["2026-06", "2026-07"]


def test_the_server_shows_the_dashboard_and_its_series(server: EvidentlyServer) -> None:
    publish([same_world()], server.address, "ads")
    assert server.get(f"/api/projects/{PROJECT}/info").json()["name"] == "ads"
    dashboard = server.get(f"/api/v2/dashboards/{PROJECT}").json()
    assert dashboard["panels"]


def test_who_does_not_know_the_secret_is_refused(
    server: EvidentlyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SECRET_VARIABLE, "something else")
    with pytest.raises(AdclickError, match=SECRET_VARIABLE) as refused:
        publish([same_world()], server.address, "others' ads")
    assert SECRET not in str(refused.value) and "something else" not in str(refused.value)
    assert server.get(f"/api/projects/{project_id("others' ads")}/info").status_code == 404


def test_a_stack_s_store_publishes_to_its_server(server: EvidentlyServer, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    store = ReportStore(
        name="reports",
        id=uuid4(),
        config=ReportStoreConfig(workspace=str(tmp_path / "unused"), server=server.address),
        flavor="evidently_workspace",
        type=StackComponentType.DATA_VALIDATOR,
        user=None,
        created=now,
        updated=now,
    )
    assert store.publish([same_world()], "a stack's ads") == 1
    found = server.get(f"/api/projects/{project_id("a stack's ads")}/snapshots").json()
    assert [one["name"] for one in found] == ["2026-06"]
    assert not (tmp_path / "unused").exists()


def test_a_server_is_checked_before_a_run(server: EvidentlyServer) -> None:
    found = evidently_check(Web(), server.address).look()
    assert found.status == Status.HOLDS and server.address in found.found
    nowhere = evidently_check(Web(), f"http://127.0.0.1:{free_port()}").look()
    assert nowhere.status == Status.FAILS and "can't be reached" in nowhere.found


def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    port = free_port()
    with pytest.raises(AdclickError, match=f"127.0.0.1:{port} can't be reached") as refused:
        publish([same_world()], f"http://someone:password@127.0.0.1:{port}", "ads")
    assert "password" not in str(refused.value)


def test_a_server_shows_the_workspace_in_a_bucket(tmp_path: Path) -> None:
    with bucket("reports", tmp_path) as url:
        workspace = f"{url}/evidently"
        assert publish([same_world(), report(world(3), name="2026-07")], workspace, "ads") == 2
        assert publish([same_world()], workspace, "ads") == 0
        assert publish([report(world(2))], workspace, "ads") == 1
        with evidently_server(workspace) as other:
            assert sorted(one["name"] for one in snapshots(other)) == ["2026-06", "2026-07"]
            assert other.get(f"/api/v2/dashboards/{PROJECT}").json()["panels"]
