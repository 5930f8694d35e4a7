"""Emulated: the REST APIs of the running cloud's own project, behind the edge."""

from __future__ import annotations

import threading
from pathlib import Path

from werkzeug.serving import WSGIRequestHandler, make_server

from tests.gcp.cloud import names
from tests.gcp.cloud.google_apis import google_apis
from tests.gcp.cloud.project import cluster, emulated_project


def serve(authority: Path) -> None:
    """Answer on their port from now on; `authority` is what the cluster's clients trust."""
    project = emulated_project()
    project.account = names.PIPELINE_ACCOUNT
    project.clusters[names.CLUSTER] = cluster(names.CLUSTER_ADDRESS, authority.read_bytes())
    server = make_server(
        "127.0.0.1",
        names.REST_APIS_PORT,
        google_apis(project),
        threaded=True,
        request_handler=_QuietHandler,
    )
    threading.Thread(target=server.serve_forever, daemon=True, name="rest").start()


class _QuietHandler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *_: object) -> None:
        """Nothing: what a client was refused, it says itself."""
