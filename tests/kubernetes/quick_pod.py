"""Emulated: a pod without processes, for the many roll-outs of a property: the bundle is real."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from adclick.bundle.scorer import Scorer
from adclick.bundle.store import fetch
from serving.kubernetes.manifest import BUNDLE_ANNOTATION
from serving.protocol import SCORE_NAME
from tests.bundles import scores_of
from tests.kubernetes.emulated_pod import Node

Spec = dict[str, Any]


class QuickPod:
    """What EmulatedPod is to a cluster: ready when made, unless its version is to be `broken`."""

    broken: frozenset[str] = frozenset()

    def __init__(self, name: str, predictor: Spec, folder: Path, node: Node) -> None:
        self.name = name
        self.unschedulable = False
        self.missing_images: set[str] = set()
        self.answered = 0
        self._labels = predictor["labels"]
        self._scorer = Scorer(fetch(predictor["annotations"][BUNDLE_ANNOTATION], folder))
        self._started = datetime.now(UTC)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.port = self._server.server_port

    @property
    def version(self) -> str:
        return self._scorer.bundle.version

    def start(self) -> None:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def ready(self) -> bool:
        return self.version not in self.broken

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, message: Spec) -> Spec:
        """A prediction, in Seldon's shape."""
        self.answered += 1
        scores = scores_of(self._scorer, message["jsonData"])
        tags = {"model_version": self.version}
        return {"jsonData": {SCORE_NAME: scores}, "meta": {**message["meta"], "tags": tags}}

    def resource(self) -> Spec:
        waiting = {"waiting": {"reason": "ImagePullBackOff", "message": "not found"}}
        ready = self.ready()
        container = {"name": "model", "ready": ready, "state": {} if ready else waiting}
        return {
            "metadata": {"name": self.name, "labels": self._labels},
            "status": {
                "startTime": self._started.isoformat(),
                "conditions": [],
                "containerStatuses": [container],
            },
        }


def _handler(pod: QuickPod) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            labels = f'model_version="{pod.version}",code="200"'
            self._send(f"adclick_requests_total{{{labels}}} {pod.answered}\n", "text/plain")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self._send(json.dumps(pod.answer(json.loads(body))), "application/json")

        def log_message(self, format: str, *args: Any) -> None:
            pass

        def _send(self, text: str, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

    return Handler
