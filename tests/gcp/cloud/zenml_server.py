"""The real ZenML server, with a new database in the room's memory and an account for runs."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests

from tests.gcp.cloud import names
from tests.gcp.cloud.processes import Server, start

ADDRESS = f"http://127.0.0.1:{names.ZENML_PORT}"
READY_SECONDS = 120.0
RUNS_ACCOUNT = "adclick-runs"
# the room's: what SQLite writes there reaches no disk, which takes a third of a run's time
FOLDER = Path("/var/lib/zenml")


class ZenmlServer:
    """A server that lets service connectors use the machine's own account (method `implicit`)."""

    def __init__(self, logs: Path, environment: Mapping[str, str]) -> None:
        self._logs = logs
        self._environment = environment
        self._password = secrets.token_urlsafe(16)
        self._server: Server | None = None

    def start(self) -> None:
        """Start it; `wait` says when it can be used."""
        FOLDER.mkdir(parents=True)
        words = ("uvicorn", "zenml.zen_server.zen_server_api:app", "--host", "127.0.0.1")
        command = [sys.executable, "-m", *words, "--port", str(names.ZENML_PORT)]
        self._server = start("zenml-server", command, self._settings(), self._logs)

    def wait(self) -> None:
        """Return when it answers."""
        assert self._server is not None
        self._server.wait(_answers, READY_SECONDS)

    def api_key(self) -> str:
        """A new key of the account that runs use."""
        with requests.Session() as session:
            login = {"username": "default", "password": self._password}
            token = _posted(session, "login", data=login)["access_token"]
            session.headers["Authorization"] = f"Bearer {token}"
            account = {"name": RUNS_ACCOUNT, "active": True}
            made = _posted(session, "service_accounts", json=account)
            keys = f"service_accounts/{made['id']}/api_keys"
            return str(_posted(session, keys, json={"name": "runs"})["body"]["key"])

    def _settings(self) -> dict[str, str]:
        return {
            **self._environment,
            "ZENML_SERVER": "true",
            "ZENML_CONFIG_PATH": str(FOLDER / "config"),
            "ZENML_LOCAL_STORES_PATH": str(FOLDER / "stores"),
            "ZENML_STORE_URL": f"sqlite:///{FOLDER}/zenml.db",
            "ZENML_DEFAULT_USER_PASSWORD": self._password,
            "ZENML_SERVER_AUTH_SCHEME": "OAUTH2_PASSWORD_BEARER",
            "ZENML_SERVER_AUTO_ACTIVATE": "true",
            "ZENML_SERVER_DEPLOYMENT_TYPE": "other",
            "ZENML_SERVER_SERVER_URL": f"https://{names.ZENML_HOST}",
            "ZENML_ENABLE_IMPLICIT_AUTH_METHODS": "true",
            "ZENML_ANALYTICS_OPT_IN": "false",
        }


def _answers() -> bool:
    try:
        return requests.get(f"{ADDRESS}/ready", timeout=5).ok
    except requests.RequestException:
        return False


def _posted(session: requests.Session, path: str, **content: Any) -> Any:
    answer = session.post(f"{ADDRESS}/api/v1/{path}", timeout=30, **content)
    answer.raise_for_status()
    return answer.json()
