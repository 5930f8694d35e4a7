"""An Evidently workspace behind a server, such as `evidently ui`."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urljoin, urlsplit
from uuid import UUID

import requests

from adclick.errors import AdclickError
from adclick.monitoring.project import Project
from adclick.monitoring.report import DriftReport

# what the server reads its own from; whoever writes shows it in a header
SECRET_VARIABLE = "EVIDENTLY_SECRET"
SECRET_HEADER = "evidently-secret"
# the entry of a snapshot's metadata that says which report it is: the server chooses its own ids
REPORT = "report"
SECONDS = 60
UNKNOWN, REFUSED = 404, (401, 403)


class WorkspaceServer:
    """The workspace at an http(s):// address; $EVIDENTLY_SECRET is shown to it where it is set.

    The server's API is spoken here: Evidently 0.7.23's `RemoteWorkspace` can neither list nor
    delete snapshots (NotImplementedError), raises for a project that is not there, and waits for
    ever for a server that does not answer.
    """

    def __init__(self, address: str) -> None:
        self._address = address

    def missing(self, reports: Sequence[DriftReport], project: UUID) -> tuple[DriftReport, ...]:
        """The reports that none of the project's snapshots names."""
        published = self._published(project)
        return tuple(r for r in reports if str(r.snapshot_id) not in published)

    def add(self, reports: Sequence[DriftReport], project: Project) -> None:
        """Write project and dashboard, post the snapshots, and delete those they replace."""
        published = self._published(project.id)
        if self._ask("GET", f"/api/projects/{project.id}/info") is None:
            self._ask("POST", "/api/v2/projects", project.metadata)
        self._ask("POST", f"/api/v2/dashboards/{project.id}", project.dashboard)
        for report in reports:
            self._ask("POST", f"/api/v2/snapshots/{project.id}", _named(report))
            for known, snapshot in published.items():
                if known.startswith(report.snapshot_prefix):
                    self._ask("DELETE", f"/api/projects/{project.id}/{snapshot}")

    def _published(self, project: UUID) -> Mapping[str, str]:
        """The server's snapshots by the report that they are; none where there is no project."""
        found = self._ask("GET", f"/api/projects/{project}/snapshots") or []
        return {s["metadata"][REPORT]: s["id"] for s in found if REPORT in s["metadata"]}

    def _ask(self, method: str, path: str, body: str | None = None) -> Any:
        """What the server answers; None where it knows nothing there."""
        headers = {"Content-Type": "application/json"}
        if secret := os.environ.get(SECRET_VARIABLE):
            headers[SECRET_HEADER] = secret
        url = urljoin(self._address, path)
        try:
            answer = requests.request(
                method, url, data=body and body.encode(), headers=headers, timeout=SECONDS
            )
            if answer.status_code == UNKNOWN and method == "GET":
                return None
            answer.raise_for_status()
            return answer.json() if answer.content else None
        except requests.RequestException as error:
            raise AdclickError(self._refusal(error)) from error

    def _refusal(self, error: requests.RequestException) -> str:
        # an address may hold a password
        host = urlsplit(self._address).netloc.rpartition("@")[2]
        if error.response is None:
            said = f"can't be reached ({type(error).__name__}): start it, or name another"
        elif error.response.status_code in REFUSED:
            said = (
                f"refuses to be written to: set {SECRET_VARIABLE} to the secret that it runs with"
            )
        else:
            said = f"answered {error.response.status_code}: is it an `evidently ui` of 0.7?"
        return f"Evidently server {host} {said}"


def _named(report: DriftReport) -> str:
    snapshot = json.loads(report.snapshot)
    snapshot["metadata"][REPORT] = str(report.snapshot_id)
    return json.dumps(snapshot)
