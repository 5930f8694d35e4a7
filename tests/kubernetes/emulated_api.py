"""Emulated: the HTTP API of a cluster and its ingress gateway, for the real client and deployer."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml

from tests.kubernetes import emulated_policies, emulated_reviews
from tests.kubernetes.emulated_cluster import EmulatedCluster, RefusalError
from tests.kubernetes.emulated_gateway import Answer, ask_pod, through_gateway
from tests.kubernetes.emulated_jobs_api import JobsApi
from tests.kubernetes.emulated_reviews import ClusterFacts

NAMESPACE = "serving"
TOKEN = "emulated"
SELDON = f"/apis/machinelearning.seldon.io/v1/namespaces/{NAMESPACE}/seldondeployments/"
GATEWAY = "istio-system"
ISTIO = f"/apis/security.istio.io/v1/namespaces/{GATEWAY}/"
CORE = f"/api/v1/namespaces/{NAMESPACE}/"


class EmulatedApi:
    """Serves `cluster` on `port`, or else one that is free, until `close`.

    `facts` is what it tells of itself, `token` what its clients bring. With `jobs` it has a
    namespace that pipelines run in.
    """

    def __init__(
        self,
        cluster: EmulatedCluster,
        port: int = 0,
        token: str = TOKEN,
        facts: ClusterFacts | None = None,
        jobs: JobsApi | None = None,
    ) -> None:
        self.cluster = cluster
        handler = _handler(cluster, token, facts or ClusterFacts(), jobs)
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def kubeconfig(self, path: Path, token: str = TOKEN) -> Path:
        """Write a kubeconfig file whose context `emulated` is this cluster."""
        context = {"cluster": "emulated", "user": "emulated", "namespace": NAMESPACE}
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "emulated",
            "clusters": [{"name": "emulated", "cluster": {"server": self.url}}],
            "users": [{"name": "emulated", "user": {"token": token}}],
            "contexts": [{"name": "emulated", "context": context}],
        }
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
        return path

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self.cluster.close()


def _handler(
    cluster: EmulatedCluster, token: str, facts: ClusterFacts, jobs: JobsApi | None
) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # the headers of an answer do not wait for the client to acknowledge them
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            if self.path.startswith("/seldon/"):
                self._through_gateway()
            else:
                self._answer(self._get)

        def do_POST(self) -> None:
            if self.path.startswith("/seldon/"):
                self._through_gateway()
            else:
                self._answer(self._post)

        def do_PATCH(self) -> None:
            self._answer(self._apply)

        def do_DELETE(self) -> None:
            self._answer(self._delete)

        def log_message(self, format: str, *args: Any) -> None:
            pass

        def _answer(self, method: Any) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            address = urlsplit(self.path)
            query = {key: values[0] for key, values in parse_qs(address.query).items()}
            try:
                # the client says `bearer` in a pod, and `Bearer` elsewhere
                scheme, _, brought = self.headers.get("Authorization", "").partition(" ")
                user = facts.user if brought == token else None
                if jobs is not None:
                    user = user or jobs.user(brought)
                if user is None or scheme.lower() != "bearer":
                    raise RefusalError(401, "Unauthorized", "Unauthorized")
                if jobs is not None and jobs.knows(address.path):
                    headers = dict(self.headers.items())
                    known = jobs.answer(self.command, address.path, query, headers, body)
                    self._send(*known)
                    return
                if user != facts.user:
                    raise RefusalError(403, "Forbidden", f'User "{user}" has no rights here')
                if cluster.faults.answers:
                    code = cluster.faults.answers.pop(0)
                    raise RefusalError(code, "InternalError", "etcdserver: leader changed")
                self._send(200, method(address.path, query, body))
            except RefusalError as refused:
                self._send(refused.code, refused.status)

        def _get(self, path: str, query: dict[str, str], body: bytes) -> Any:
            if path.startswith(SELDON):
                with cluster.lock:
                    return json.loads(json.dumps(cluster.seldon[self._known(path)]))
            if path == f"{CORE}pods":
                wanted = dict(pair.split("=") for pair in query["labelSelector"].split(","))
                pods = [pod.resource() for pod in list(cluster.pods.values())]
                found = [p for p in pods if wanted.items() <= p["metadata"]["labels"].items()]
                return {"kind": "PodList", "items": found}
            if path.startswith(f"{CORE}pods/"):
                return self._of_pod(path, body)
            if path == f"{CORE}events":
                assert query == {"fieldSelector": "type=Warning"}
                return {"kind": "EventList", "items": cluster.events()}
            return self._of_itself(path, query, body)

        def _of_pod(self, path: str, body: bytes) -> Any:
            """The proxy subresource, which hands on what the pod answers."""
            where, _, rest = path.removeprefix(f"{CORE}pods/").partition("/proxy/")
            name, _, port = where.partition(":")
            pod = cluster.pod(name)
            assert port == "9000"
            verb = {"GET": "get", "POST": "create"}[self.command]
            if (verb, "pods/proxy") in facts.lacking:
                message = f'pods "{name}" is forbidden: User cannot {verb} "pods/proxy"'
                raise RefusalError(403, "Forbidden", message)
            if pod is None:
                raise RefusalError(404, "NotFound", f'pods "{name}" not found')
            answer = ask_pod(pod, self.command, rest, body, self.headers.get("Content-Type", ""))
            if answer.code >= 400:
                raise RefusalError(answer.code, "Proxied", answer.body.decode())
            return answer

        def _post(self, path: str, query: dict[str, str], body: bytes) -> Any:
            if path.startswith(f"{CORE}pods/"):
                return self._of_pod(path, body)
            return self._of_itself(path, query, body)

        def _of_itself(self, path: str, query: dict[str, str], body: bytes) -> Any:
            asked = json.loads(body) if body else None
            code, content = emulated_reviews.answer(facts, self.command, path, asked)
            if code >= 400:
                raise RefusalError(code, content["reason"], content["message"])
            return content

        def _apply(self, path: str, query: dict[str, str], body: bytes) -> Any:
            assert self.headers["Content-Type"] == "application/apply-patch+yaml"
            assert query["fieldValidation"] == "Strict"
            manifest = json.loads(body)
            if policy := self._policy(path):
                assert policy == (manifest["kind"], manifest["metadata"]["name"])
                return cluster.apply_policy(manifest)
            if not path.startswith(SELDON):
                raise RefusalError(
                    404, "NotFound", "the server could not find the requested resource"
                )
            assert manifest["metadata"]["name"] == path.removeprefix(SELDON)
            return cluster.apply(manifest, query["fieldManager"], query["force"] == "true")

        def _delete(self, path: str, query: dict[str, str], body: bytes) -> Any:
            assert json.loads(body) == {"propagationPolicy": "Foreground"}
            if policy := self._policy(path):
                if cluster.policies.pop(policy, None) is None:
                    raise RefusalError(404, "NotFound", f"{policy} not found")
            else:
                cluster.delete(self._known(path))
            return {"kind": "Status", "status": "Success"}

        def _policy(self, path: str) -> tuple[str, str] | None:
            """Which of the gateway's policies a path is that of."""
            plural, _, name = path.removeprefix(ISTIO).partition("/")
            return (emulated_policies.PLURALS[plural], name) if path.startswith(ISTIO) else None

        def _known(self, path: str) -> str:
            name = path.removeprefix(SELDON)
            if name not in cluster.seldon:
                raise RefusalError(404, "NotFound", f'seldondeployments "{name}" not found')
            return name

        def _through_gateway(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            _, _, namespace, name, rest = self.path.split("/", 4)
            if namespace != NAMESPACE:
                self._send(404, {})
                return
            content = self.headers.get("Content-Type", "")
            try:
                headers = {key.lower(): value for key, value in self.headers.items()}
                if not cluster.faults.no_guard:
                    known = [*cluster.policies.values()]
                    emulated_policies.check(known, urlsplit(self.path).path, headers)
                answer = through_gateway(cluster, name, self.command, rest, body, content)
            except emulated_policies.RefusedError as refused:
                answer = Answer(refused.code, str(refused).encode(), "text/plain")
            self._send(answer.code, answer)

        def _send(self, code: int, content: Any) -> None:
            kind = "application/json"
            if isinstance(content, Answer):
                body, kind = content.body, content.kind
            else:
                body = (content if isinstance(content, str) else json.dumps(content)).encode()
            self.send_response(code)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler
