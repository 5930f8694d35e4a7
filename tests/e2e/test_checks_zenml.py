"""Checks of a ZenML server on a real one: an account with an API key, and what is wrong with it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from uuid import uuid4

import pytest
import requests
from pydantic import SecretStr

from stacks.checks.check import CheckResult, Status
from stacks.checks.running import make_checks
from stacks.checks.web import Web
from stacks.checks.zenml_server import server_checks
from stacks.definition import ServerDefinition
from tests.servers import free_port, wait_until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A ZenML server that wants credentials, with a store of its own."""
    folder, port = tmp_path_factory.mktemp("server"), free_port()
    environment = {
        **os.environ,
        "ZENML_SERVER": "true",
        "ZENML_STORE_URL": f"sqlite:///{folder}/zenml.db",
        "ZENML_CONFIG_PATH": str(folder),
        "ZENML_SERVER_AUTO_ACTIVATE": "1",
        "ZENML_SERVER_DEPLOYMENT_TYPE": "other",
        "ZENML_SERVER_JWT_SECRET_KEY": uuid4().hex,
        "ZENML_ANALYTICS_OPT_IN": "false",
    }
    command = [sys.executable, "-m", "uvicorn", "zenml.zen_server.zen_server_api:app"]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            [*command, "--port", str(port)], env=environment, stdout=log, stderr=log
        )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: _ready(address) or server.poll(), "the ZenML server answers", 120)
        assert server.poll() is None, (folder / "log").read_text()
        yield address
    finally:
        server.terminate()
        server.wait(20)


@pytest.fixture(scope="module")
def key(url: str) -> str:
    """The API key of a service account, made as `zenml service-account create` does."""
    api = f"{url}/api/v1"
    signed_in = requests.post(f"{api}/login", data={"username": "default", "password": ""})
    bearer = {"Authorization": f"Bearer {signed_in.json()['access_token']}"}
    account = {"name": "adclick", "active": True}
    made = requests.post(f"{api}/service_accounts", json=account, headers=bearer).json()
    keys = f"{api}/service_accounts/{made['id']}/api_keys"
    return str(requests.post(keys, json={"name": "k"}, headers=bearer).json()["body"]["key"])


def checked(
    url: str, key: str, monkeypatch: pytest.MonkeyPatch, *secrets: str
) -> tuple[CheckResult, ...]:
    # the test's server is on this machine
    monkeypatch.setattr("stacks.checks.zenml_server._is_local", lambda _: False)
    server = ServerDefinition(url=url, api_key=SecretStr(key))
    return make_checks(server_checks(Web(), server, secrets), {key})


def test_the_account_of_the_key_is_named(
    url: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, account = checked(url, key, monkeypatch)
    assert (server.status, server.found) == (Status.HOLDS, f"0.98.0 at {url}")
    assert (account.status, account.found) == (Status.HOLDS, "adclick")


def test_another_key_is_refused(url: str, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _, account = checked(url, f"{key[:-8]}AAAAAAAA", monkeypatch)
    assert account.status == Status.FAILS
    assert account.found == "the server does not know the API key"


def test_a_client_of_another_version_is_told(
    url: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stacks.checks.zenml_server.version", lambda _: "0.97.0")
    server, account = checked(url, key, monkeypatch)
    assert server.found == "its version is 0.98.0, this client's is 0.97.0"
    assert account.found == "needs ZenML server"


def test_secrets_are_looked_for_by_name(
    url: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = f"{url}/api/v1"
    signed_in = requests.post(f"{api}/login", data={"username": "default", "password": ""})
    bearer = {"Authorization": f"Bearer {signed_in.json()['access_token']}"}
    secret = {"name": "steps", "values": {"TOKEN": "never-to-be-seen"}}
    requests.post(f"{api}/secrets", json=secret, headers=bearer).raise_for_status()
    *_, known = checked(url, key, monkeypatch, "steps")
    assert (known.check, known.status, known.found) == ("ZenML secrets", Status.HOLDS, "steps")
    *_, unknown = checked(url, key, monkeypatch, "steps", "other")
    assert (unknown.status, unknown.found) == (Status.FAILS, "none is called other")
    assert unknown.mend == "zenml secret create other --NAME=VALUE"


def _ready(address: str) -> bool:
    try:
        return requests.get(f"{address}/api/v1/info", timeout=5).ok
    except requests.RequestException:
        return False
