"""What Envoy lets in and turns away: the real Envoy in front of a real server."""

from __future__ import annotations

import json
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import grpc
import pytest
import requests
import trustme
from seldon_core.proto.prediction_pb2 import SeldonMessage
from seldon_core.proto.prediction_pb2_grpc import SeldonStub
from tritonclient.http import InferenceServerClient
from tritonclient.utils import InferenceServerException

from adclick.errors import AdclickError
from serving import envoy, envoy_replies
from serving.access import Access
from serving.client import PREDICTIONS, PredictionClient
from tests.bundles import example
from tests.edges import AUDIENCE, ISSUER, Door, Issuer, door
from tests.hosts import Server, running
from tests.servers import free_port, wait_until

KEY, OTHER_KEY = "a-key-of-the-ad-service", "a-key-of-the-dashboard!"
BEHIND_A_KEY = [
    "/metrics",
    "/openapi.json",
    "/metadata",
    "/v2/models/adclick",
    "/health/ping/../../metrics",
    "//metrics",
    "/health/status/",
]
HEALTH = ["/health/ping", "/health/status", "/v2/health/live", "/v2/health/ready"]

Open = Callable[..., AbstractContextManager[Door]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("server"), workers=1) as started:
        yield started


@pytest.fixture
def opened(server: Server, tmp_path: Path) -> Open:
    """Opens an edge in front of the server."""
    return lambda **options: door(tmp_path / "edge", {"v1": server.options.port}, **options)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def files(proof: trustme.LeafCert, folder: Path) -> dict[str, str]:
    """A certificate and its key as a user has them."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(b"".join(pem.bytes() for pem in proof.cert_chain_pems))
    key.write_bytes(proof.private_key_pem.bytes())
    return {"certificate": str(certificate), "key": str(key)}


def as_client(proof: trustme.LeafCert, path: Path) -> Path:
    proof.private_key_and_cert_chain_pem.write_to_path(path)
    return path


def ca_file(authority: trustme.CA, folder: Path) -> Path:
    authority.cert_pem.write_to_path(folder / "ca.pem")
    return folder / "ca.pem"


def key_file(folder: Path, *keys: str) -> dict[str, str]:
    path = folder / "keys"
    path.write_text("\n".join(keys), encoding="utf-8")
    return {"file": str(path)}


def refusal(answer: requests.Response) -> str:
    """The reason of an answer in Seldon's error shape."""
    status = answer.json()["status"]
    assert status.keys() == {"code", "info", "reason", "status"}
    assert (status["code"], status["status"]) == (-1, 1)
    assert answer.headers["content-type"] == "application/json"
    return f"{answer.status_code} {status['reason']}: {status['info']}"


def test_without_settings_everyone_here_may_ask(opened: Open) -> None:
    with opened() as door:
        assert door.url.startswith("http://127.0.0.1:")
        assert door.ask().status_code == 200
        assert refusal(requests.get(door.url + "/nothing", timeout=10)).startswith("404 ")


def test_a_key_opens_every_protocol(opened: Open, tmp_path: Path) -> None:
    with opened(keys=key_file(tmp_path, KEY, OTHER_KEY)) as door:
        for key in (KEY, OTHER_KEY):
            with PredictionClient(door.url, access=Access(key=key)) as client:
                assert client.predict([example()]).version == "v1"
        needed = "401 MICROSERVICE_UNAUTHORIZED: send one of this API's keys as header x-api-key"
        assert refusal(door.ask()) == needed
        for wrong in ("", KEY[:-1], KEY + "x", KEY.upper(), f"{KEY},{OTHER_KEY}"):
            assert refusal(door.ask(headers={"x-api-key": wrong})) == needed
        assert door.ask(headers={"authorization": f"Bearer {KEY}"}).status_code == 401
        with PredictionClient(door.url) as client:
            with pytest.raises(AdclickError, match=r"answered 401: .*; set ADCLICK_API_KEY or"):
                client.predict([example()])
            assert client.is_healthy()


def test_a_key_opens_v2_and_its_refusal_is_one_of_v2(opened: Open, tmp_path: Path) -> None:
    with (
        opened(keys=key_file(tmp_path, KEY)) as door,
        InferenceServerClient(f"127.0.0.1:{door.port}") as client,
    ):
        assert client.get_model_metadata("adclick", headers={"x-api-key": KEY})["name"] == "adclick"
        for headers in ({}, {"x-api-key": OTHER_KEY}):
            with pytest.raises(InferenceServerException, match="send one of this API's keys") as no:
                client.get_model_metadata("adclick", headers=headers)
            assert no.value.status() == "401"
        assert client.is_server_ready()


def test_a_call_of_grpc_is_turned_away_in_its_words(opened: Open, tmp_path: Path) -> None:
    with (
        opened(keys=key_file(tmp_path, KEY)) as door,
        grpc.insecure_channel(f"127.0.0.1:{door.port}") as channel,
    ):
        for metadata in ((), (("x-api-key", OTHER_KEY),)):
            with pytest.raises(grpc.RpcError) as refused:
                SeldonStub(channel).Predict(SeldonMessage(), timeout=10, metadata=metadata)
            assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED


def test_only_health_is_there_for_who_has_no_key(opened: Open, tmp_path: Path) -> None:
    with opened(keys=key_file(tmp_path, KEY), rate={"requests": 1}) as door:
        with socket.create_connection(("127.0.0.1", door.port)) as connection:
            for path in BEHIND_A_KEY:
                assert status_of(connection, path) == 401, path
            for path in HEALTH * 3:
                assert status_of(connection, path) == 200, path
            # what Envoy tells its owner over a socket of a folder is at no path of the edge
            for path in ("/config_dump", "/stats", "/ready", "/server_info"):
                assert status_of(connection, path) == 401, path
        answer = requests.get(door.url + "/metrics", headers={"x-api-key": KEY}, timeout=10)
        assert "adclick_requests_total" in answer.text


def status_of(connection: socket.socket, path: str) -> int:
    """The status of an answer to a path as it is: clients would tidy it first."""
    connection.sendall(f"GET {path} HTTP/1.1\r\nhost: edge\r\n\r\n".encode())
    reader = connection.makefile("rb")
    status = int(reader.readline().split()[1])
    headers = dict(
        line.decode().lower().strip().split(": ", 1) for line in iter(reader.readline, b"\r\n")
    )
    reader.read(int(headers["content-length"]))
    return status


def test_tokens_of_one_issuer_for_one_audience(opened: Open, tmp_path: Path) -> None:
    issuer, other = Issuer.new("first"), Issuer.new("second")
    jwks = tmp_path / "jwks.json"
    jwks.write_text(json.dumps(issuer.jwks), encoding="utf-8")
    settings = {"issuer": "https://issuer.test/", "audiences": ["ads"], "jwks": str(jwks)}

    def said(door: Door, token: str | None) -> str:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        answer = door.ask(headers=headers)
        return refusal(answer) if answer.status_code != 200 else "200"

    with opened(jwt=settings) as door:
        with PredictionClient(door.url, access=Access(token=issuer.token())) as client:
            assert client.predict([example()]).version == "v1"
        told = "401 MICROSERVICE_UNAUTHORIZED: Jwt "
        assert said(door, None) == told + "is missing"
        assert said(door, issuer.token(exp=int(time.time()) - 120)) == told + "is expired"
        assert said(door, issuer.token(exp=None)).startswith("401 ")
        assert said(door, issuer.token(iss="https://other.test/")) == (
            told + "issuer is not configured"
        )
        assert said(door, other.token()).startswith("401 ")
        assert said(door, issuer.token()[:-8] + "AAAAAAAA").startswith("401 ")
        unsigned = issuer.token().rsplit(".", 1)[0] + "."
        assert said(door, unsigned).startswith("401 ")
        assert said(door, issuer.token(aud="others")) == (
            "403 MICROSERVICE_UNAUTHORIZED: Audiences in Jwt are not allowed"
        )
        # the issuer's keys change: Envoy takes them over between two requests
        jwks.write_text(json.dumps(other.jwks), encoding="utf-8")
        door.edge.listen(door.port, door.options)
        wait_until(lambda: said(door, other.token()) == "200", "the new keys are taken")
        assert said(door, issuer.token()).startswith("401 ")


def test_tokens_by_keys_that_the_issuer_publishes(
    opened: Open, authority: trustme.CA, tmp_path: Path
) -> None:
    issuer = Issuer.new("first")
    with answering(lambda _: issuer.jwks, authority.issue_cert("localhost")) as port:
        settings = {
            "issuer": "https://issuer.test/",
            "audiences": ["ads"],
            "jwks": f"https://localhost:{port}/jwks",
            "jwks_ca": str(ca_file(authority, tmp_path)),
        }
        with opened(jwt=settings) as door:
            good = {"authorization": f"Bearer {issuer.token()}"}
            wait_until(lambda: door.ask(headers=good).status_code == 200, "the keys are fetched")
            assert door.ask().status_code == 401
            assert door.edge.applied().ports.keys() == {"v1"}
        with opened(jwt={**settings, "jwks_ca": None}) as door:
            log = door.edge.log
            wait_until(lambda: "fetching" in log.read_text(), "the keys are asked for")
            assert refusal(door.ask(headers=good)).startswith("401 ")


@pytest.mark.parametrize("kind", ["keys", "jwt"])
def test_a_server_sees_no_key_and_no_token(tmp_path: Path, kind: str) -> None:
    issuer = Issuer.new("first")
    (tmp_path / "jwks.json").write_text(json.dumps(issuer.jwks), encoding="utf-8")
    jwks = str(tmp_path / "jwks.json")
    settings: dict[str, Any] = {
        "keys": key_file(tmp_path, KEY),
        "jwt": {"issuer": ISSUER, "audiences": [AUDIENCE], "jwks": jwks},
    }
    access = {"keys": Access(key=KEY), "jwt": Access(token=issuer.token())}[kind]
    with (
        answering(lambda headers: headers) as port,
        door(tmp_path / "edge", {"v1": port}, **{kind: settings[kind]}) as opened,
        access.session() as session,
    ):
        seen = session.get(opened.url + "/echo", timeout=10, headers={"x-mine": "1"}).json()
    assert seen["x-mine"] == "1"
    assert not {"x-api-key", "authorization"} & seen.keys()


@contextmanager
def answering(
    answer: Callable[[dict[str, str]], object], proof: trustme.LeafCert | None = None
) -> Iterator[int]:
    """A server that makes its answer, in JSON, of a request's headers; over TLS with a `proof`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(answer({k.lower(): v for k, v in self.headers.items()})).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        if proof is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            proof.configure_cert(context)
            listening.socket = context.wrap_socket(listening.socket, server_side=True)
        Thread(target=listening.serve_forever, args=(0.05,), daemon=True).start()
        yield listening.server_port
        listening.shutdown()


def test_tls_with_a_ca_of_one_s_own(opened: Open, authority: trustme.CA, tmp_path: Path) -> None:
    proof = files(authority.issue_cert("127.0.0.1"), tmp_path)
    with opened(tls=proof) as door:
        assert door.url.startswith("https://")
        with PredictionClient(door.url, access=Access(ca=ca_file(authority, tmp_path))) as client:
            assert client.predict([example()]).version == "v1"
        with (
            PredictionClient(door.url) as client,
            pytest.raises(AdclickError, match=r"no TLS with .*verify failed.*ADCLICK_API_CA"),
        ):
            client.predict([example()])
        with pytest.raises(requests.ConnectionError):
            requests.get(f"http://127.0.0.1:{door.port}/health/ping", timeout=10)
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
        with pytest.warns(DeprecationWarning):
            old.maximum_version = ssl.TLSVersion.TLSv1_1
        old.set_ciphers("ALL:@SECLEVEL=0")
        with (
            socket.create_connection(("127.0.0.1", door.port)) as plain,
            pytest.raises(ssl.SSLError),
        ):
            old.wrap_socket(plain)
        before = served_certificate(door)
        files(authority.issue_cert("127.0.0.1"), tmp_path)
        door.edge.listen(door.port, door.options)
        wait_until(lambda: served_certificate(door) != before, "the new certificate is shown")
    secret = door.edge.log.parent / "certificate.json"
    assert secret.stat().st_mode & 0o777 == 0o600


def served_certificate(door: Door) -> str:
    return ssl.get_server_certificate(("127.0.0.1", door.port))


def test_only_clients_of_a_ca_are_let_in(
    opened: Open, authority: trustme.CA, tmp_path: Path
) -> None:
    ca = ca_file(authority, tmp_path)
    proof = files(authority.issue_cert("127.0.0.1"), tmp_path)
    ours = as_client(authority.issue_cert("ads@example.org"), tmp_path / "ours.pem")
    theirs = as_client(trustme.CA().issue_cert("ads@example.org"), tmp_path / "theirs.pem")
    with opened(tls={**proof, "client_ca": str(ca)}) as door:
        with PredictionClient(door.url, access=Access(ca=ca, certificate=ours)) as client:
            assert client.predict([example()]).version == "v1"
        for certificate in (None, theirs):
            access = Access(ca=ca, certificate=certificate)
            with PredictionClient(door.url, access=access) as client:
                with pytest.raises(AdclickError):
                    client.predict([example()])
                assert not client.is_healthy()


def test_more_than_the_rate_is_told_to_come_back(opened: Open) -> None:
    with opened(rate={"requests": 1, "burst": 3}) as door:
        answers = [door.ask() for _ in range(6)]
        assert [a.status_code for a in answers[:3]] == [200] * 3
        late = next(a for a in answers if a.status_code == 429)
        assert refusal(late) == (
            "429 MICROSERVICE_OVERLOADED: more than 1 requests a second: send it again later"
        )
        assert late.headers["retry-after"] == "1"
        wait_until(lambda: door.ask().status_code == 200, "a place is free again")


def test_a_larger_body_than_is_taken(opened: Open) -> None:
    with opened(body_mib=1) as door:
        for path in (PREDICTIONS, "/v2/models/adclick/infer"):
            answer = door.ask(path, json={"jsonData": "x" * 2**20})
            assert answer.status_code == 413
            assert "the body is larger than 1 MiB" in answer.text
        assert refusal(door.ask(json={"jsonData": "x" * 2**20})).startswith("413 MICROSERVICE_BAD")
        assert door.ask().status_code == 200


@pytest.mark.parametrize(
    ("setting", "sent"),
    [
        ("header_seconds", b"POST /predict HTTP/1.1\r\nhost: edge\r\ncontent-le"),
        (
            "request_seconds",
            b"POST /predict HTTP/1.1\r\nhost: edge\r\ncontent-type: application/json\r\n"
            b"content-length: 100\r\n\r\n{",
        ),
    ],
    ids=["headers", "body"],
)
def test_a_client_that_is_slow_is_cut_off(opened: Open, setting: str, sent: bytes) -> None:
    with opened(**{setting: 0.5}) as door:
        began = time.monotonic()
        with socket.create_connection(("127.0.0.1", door.port), timeout=10) as connection:
            connection.sendall(sent)
            told = connection.makefile("rb").read()
        assert 0.4 < time.monotonic() - began < 5
        assert told.startswith(b"HTTP/1.1 408 ")
        assert json.loads(told.partition(b"\r\n\r\n")[2])["status"]["info"] == (
            "the request did not arrive in time"
        )


def test_a_connection_that_nobody_uses_and_one_too_many_are_closed(opened: Open) -> None:
    with opened(idle_seconds=0.5, connections=2) as door:
        where = ("127.0.0.1", door.port)
        wait_until(lambda: door.ask().status_code == 200, "it answers")
        first, second, third = (socket.create_connection(where, timeout=10) for _ in range(3))
        with first, second, third:
            assert third.recv(1) == b""
            assert first.recv(1) == b"" == second.recv(1)
        assert door.ask().status_code == 200


def test_when_no_server_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: Server
) -> None:
    for module in (envoy, envoy_replies):
        monkeypatch.setattr(module, "ROUTE_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        with door(tmp_path / "silent", {"v1": silent.getsockname()[1]}) as late:
            assert refusal(late.ask()) == (
                "504 MICROSERVICE_NOT_READY: no server answered within 0.3 s"
            )
        with door(tmp_path / "nobody", {"v1": free_port()}) as nobody:
            nobody.edge.know({}, nobody.options)
            wait_until(lambda: not nobody.edge.applied().ports, "the server is forgotten")
            assert refusal(nobody.ask()) == (
                "503 MICROSERVICE_NOT_READY: no server answers now: send it again later"
            )
