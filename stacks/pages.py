"""The pages that people look at: ZenML's dashboard and Evidently's reports."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NoReturn

from zenml.client import Client
from zenml.constants import FINISHED_ONBOARDING_SURVEY_KEY
from zenml.enums import StoreType

from adclick.monitoring.project import project_id
from stacks.report_store import ReportStore, ReportStoreConfig

ADDRESS = "127.0.0.1"
DASHBOARD_PORT = int(os.environ.get("ADCLICK_DASHBOARD_PORT", "8237"))
REPORTS_PORT = int(os.environ.get("ADCLICK_REPORTS_PORT", "8085"))


def addresses(project: str) -> dict[str, str]:
    """Where the pages are by name: a server's, or here once `make dashboard` and `reports` run."""
    reports = _report_store().server or f"http://{ADDRESS}:{REPORTS_PORT}"
    return {
        "zenml": _server() or f"http://{ADDRESS}:{DASHBOARD_PORT}",
        "evidently": f"{reports.rstrip('/')}/projects/{project_id(project)}",
    }


def serve_dashboard() -> None:
    """Serve ZenML's dashboard on the project's own store until interrupted.

    Where a server keeps the runs, it has the dashboard: its address is printed.

    The store is served as it is: runs go on writing to it, and the client is not switched to a
    server, which `zenml login --local` would do.
    """
    if server := _server():
        print(f"ZenML: {server}")
        return
    client = Client()
    store = client.zen_store.url
    # without this the dashboard greets its only user with a questionnaire
    client.update_user(
        client.active_user.id,
        updated_email_opt_in=False,
        updated_metadata={FINISHED_ONBOARDING_SURVEY_KEY: True},
    )
    environment = {
        "ZENML_SERVER": "true",
        "ZENML_STORE_URL": store,
        "ZENML_SERVER_AUTH_SCHEME": "NO_AUTH",
        "ZENML_SERVER_AUTO_ACTIVATE": "1",
        "ZENML_SERVER_DEPLOYMENT_TYPE": "other",
        "ZENML_SERVER_ALLOW_LOCAL_FILE_ACCESS": "true",
    }
    print(f"ZenML: http://{ADDRESS}:{DASHBOARD_PORT} (Ctrl-C stops)", flush=True)
    _serve(
        ["uvicorn", "zenml.zen_server.zen_server_api:app", "--log-level", "warning"],
        DASHBOARD_PORT,
        environment,
    )


def serve_reports() -> None:
    """Serve the stack's Evidently workspace until interrupted.

    Where an Evidently server keeps the reports, its address is printed.
    """
    store = _report_store()
    if store.server:
        print(f"Evidently: {store.server}")
        return
    print(f"Evidently: http://{ADDRESS}:{REPORTS_PORT} (Ctrl-C stops)", flush=True)
    _serve(["evidently", "ui", "--workspace", store.workspace], REPORTS_PORT, {})


def _report_store() -> ReportStoreConfig:
    store: ReportStore = Client().active_stack.data_validator
    return store.config


def _server() -> str | None:
    store = Client().zen_store
    return store.url if store.type == StoreType.REST else None


def _serve(command: list[str], port: int, environment: dict[str, str]) -> NoReturn:
    program = str(Path(sys.executable).with_name(command[0]))
    arguments = [program, *command[1:], "--host", ADDRESS, "--port", str(port)]
    # becomes the server, so that stopping this process stops it
    os.execve(program, arguments, {**os.environ, **environment})
