"""A server process over HTTP: protocol, refusals, metrics, health, start and stop."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from adclick.bundle.bundle import ServingBundle
from adclick.errors import AdclickError
from adclick.prediction_log import read_predictions
from serving.client import PREDICTIONS, PredictionClient
from serving.http import MAX_BODY_BYTES
from serving.metrics import PROBABILITIES
from serving.options import HostOptions
from tests.bundles import GOLDEN, Wrong, example, expected, tiny_bundle
from tests.servers import free_port, gone, refuses, tree, wait_until

REPOSITORY = Path(__file__).resolve().parents[2]
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Server:
    """A host started without the manager."""

    bundle: ServingBundle
    options: HostOptions
    process: subprocess.Popen[bytes]
    output: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.options.port}"

    def post(self, body: object, **changes: Any) -> requests.Response:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        settings = {"headers": JSON, "timeout": 10, **changes}
        return requests.post(self.url + PREDICTIONS, data=data, **settings)


def start(folder: Path, wrong: Wrong | None = None) -> Server:
    bundle = tiny_bundle(folder / "bundle", wrong=wrong)
    options = HostOptions(bundle.path, free_port(), folder / "predictions", folder / "state")
    output = folder / "output"
    with output.open("wb") as file:
        process = subprocess.Popen(
            options.command(), cwd=REPOSITORY, stdout=file, stderr=file, start_new_session=True
        )
    return Server(bundle, options, process, output)


def ready(server: Server) -> Server:
    with PredictionClient(server.url) as client:
        wait_until(
            lambda: client.is_healthy() or server.process.poll() is not None, "server is ready"
        )
    wait_until(lambda: len(tree(server.process.pid)) == 3, "both workers run")
    return server


def end(server: Server) -> None:
    if server.process.poll() is None:
        os.killpg(server.process.pid, signal.SIGKILL)
    server.process.wait()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    started = start(tmp_path_factory.mktemp("shared"))
    try:
        yield ready(started)
    finally:
        end(started)


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    started = start(tmp_path)
    try:
        yield ready(started)
    finally:
        end(started)


def metric(server: Server, sample: str) -> float:
    text = requests.get(server.url + "/metrics", timeout=10).text
    lines = [line for line in text.splitlines() if line.startswith(sample)]
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)


def test_answers_as_the_bundle_scores(server: Server) -> None:
    rows = [example(age=age) for age in range(5)]
    wanted = expected(server.bundle, rows)
    names = list(reversed(rows[0]))
    table = {"names": names, "ndarray": [[row[name] for name in names] for row in rows]}
    by_table = server.post({"data": table}).json()
    assert by_table["data"]["ndarray"] == [[score] for score in wanted]
    with PredictionClient(server.url) as client:
        prediction = client.predict(rows, "mine")
    assert prediction.scores == tuple(wanted)
    assert (prediction.version, prediction.request_id) == ("v1", "mine")


def test_health(server: Server) -> None:
    assert requests.get(server.url + "/health/ping", timeout=10).text == "pong"
    status = requests.get(server.url + "/health/status", timeout=10)
    assert status.status_code == 200
    assert (
        "v1" in status.json()["data"]["ndarray"][0]
        if "data" in status.json()
        else "v1" in str(status.json())
    )


def body_with(**changes: Any) -> bytes:
    return json.dumps({"jsonData": example(**changes)}).encode()


REFUSED: list[tuple[str, bytes, dict[str, Any], int, str]] = [
    ("broken JSON", b'{"jsonData": ', {}, 400, "JSON"),
    ("empty body", b"", {}, 400, "JSON"),
    ("not UTF-8", b'{"jsonData": "\xff"}', {}, 400, "JSON"),
    ("nested too deep", b"[" * 100_000, {}, 400, "JSON"),
    ("endless number", b"1" * 5_000, {}, 400, "JSON"),
    ("broken ?json=", b"{}", {"params": {"json": "{"}}, 400, "JSON"),
    ("NaN", body_with(age=float("nan")), {}, 400, "'age' is not finite"),
    ("NaN in ?json=", b"{}", {"params": {"json": body_with(age=float("nan"))}}, 400, "'age'"),
    ("null", body_with(age=None), {}, 400, "'age' is missing"),
    ("text for a number", body_with(age="33"), {}, 400, "'age' is no number"),
    ("unknown column", body_with(colour="red"), {}, 400, "'colour'"),
    ("empty batch", b'{"jsonData": []}', {}, 400, "1 to 1000"),
    ("no data", b"{}", {}, 400, "data"),
    ("plain text", body_with(), {"headers": {"Content-Type": "text/plain"}}, 415, "json"),
    ("no content type", body_with(), {"headers": {}}, 415, "json"),
    (
        "multipart",
        b'--b\r\nContent-Disposition: form-data; name="data"\r\n\r\n{\r\n--b--\r\n',
        {"headers": {"Content-Type": "multipart/form-data; boundary=b"}},
        415,
        "json",
    ),
    ("too large", b" " * (MAX_BODY_BYTES + 1), {}, 413, "large"),
]


@pytest.mark.parametrize(
    ("body", "settings", "code", "named"),
    [case[1:] for case in REFUSED],
    ids=[case[0] for case in REFUSED],
)
def test_refuses_with_a_4xx_that_names_the_place(
    server: Server, body: bytes, settings: dict[str, Any], code: int, named: str
) -> None:
    answer = server.post(body, **settings)
    assert answer.status_code == code, answer.text
    status = answer.json()["status"]
    assert named in status["info"]
    assert status["reason"] == "MICROSERVICE_BAD_DATA"


def test_refuses_a_chunked_body_that_is_too_large(server: Server) -> None:
    chunks = (b" " * 2**20 for _ in range(9))
    answer = requests.post(server.url + PREDICTIONS, data=chunks, headers=JSON, timeout=10)
    assert answer.status_code == 413


@pytest.mark.parametrize("path", ["/transform-input", "/aggregate", "/send-feedback"])
def test_serves_no_other_endpoint(server: Server, path: str) -> None:
    assert requests.post(server.url + path, json={}, timeout=10).status_code == 404


def test_logs_nothing_of_a_payload(server: Server) -> None:
    for changes in ({"secretcolumn": 1}, {"site": ["secretvalue"]}, {"device": "secretdevice"}):
        assert server.post({"jsonData": example(**changes)}).status_code == 400
    assert "secret" not in server.output.read_text()


def test_client_says_what_the_server_said(server: Server) -> None:
    with PredictionClient(server.url) as client:
        with pytest.raises(AdclickError, match="answered 400: row 0: column 'age' is above 120"):
            client.predict([example(age=121)])
        with pytest.raises(AdclickError, match="rows are no JSON"):
            client.predict([example(age=float("nan"))])
    nobody = f"http://127.0.0.1:{free_port()}"
    with PredictionClient(nobody) as client, pytest.raises(AdclickError, match="does not answer"):
        client.predict([example()])


def test_no_tensorflow_and_little_memory_in_any_process(server: Server) -> None:
    master, *workers = tree(server.process.pid)
    for process in (master, *workers):
        maps = Path(f"/proc/{process.pid}/maps").read_text()
        # and the master no onnxruntime: its workers would never exit
        assert ("onnxruntime" in maps) == (process in workers)
        assert "tensorflow" not in maps
        assert process.memory_info().rss < 250e6


def test_metrics_are_right_across_workers(own_server: Server) -> None:
    counts = {"ok": 0, "bad": 0}

    def ask(number: int) -> None:
        good = number % 4 > 0
        creative = "new" if number % 2 else "ad-1"
        rows = [example(creative=creative), example(age=50 if good else 500)]
        answer = own_server.post({"jsonData": rows})
        assert answer.status_code == (200 if good else 400)

    workers = {p.pid for p in tree(own_server.process.pid)[1:]}

    def both_workers_counted() -> bool:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(ask, range(40)))
        counts["ok"] += 30
        counts["bad"] += 10
        files = (own_server.options.state / "metrics").glob("counter_*.db")
        return {int(file.stem.split("_")[1]) for file in files} >= workers

    wait_until(both_workers_counted, "both workers answered")
    version = 'model_version="v1"'
    for _ in range(4):
        total = "adclick_requests_total{code="
        assert metric(own_server, f'{total}"200",{version}}}') == counts["ok"]
        assert metric(own_server, f'{total}"400",{version}}}') == counts["bad"]
        requests_seen = metric(own_server, f"adclick_request_seconds_count{{{version}}}")
        assert requests_seen == counts["ok"] + counts["bad"]
        assert metric(own_server, f"adclick_candidates_total{{{version}}}") == 2 * counts["ok"]
        assert metric(own_server, f"adclick_score_count{{{version}}}") == 2 * counts["ok"]
        kinds = "adclick_creatives_total{creative="
        unknown = metric(own_server, f'{kinds}"unknown",{version}}}')
        known = metric(own_server, f'{kinds}"known",{version}}}')
        assert (unknown, known) == (counts["ok"] * 2 / 3, counts["ok"] * 4 / 3)
        errors = metric(own_server, f'adclick_errors_total{{cause="bad_request",{version}}}')
        assert errors == counts["bad"]
        assert metric(own_server, f"adclick_workers{{{version}}}") == 2
        for bound in PROBABILITIES:
            below = metric(own_server, f'adclick_score_bucket{{le="{bound}",{version}}}')
            scores = {
                creative: expected(own_server.bundle, [example(creative=creative), example(age=50)])
                for creative in ("new", "ad-1")
            }
            share = sum(
                (2 if creative == "new" else 1) * (score <= bound)
                for creative, pair in scores.items()
                for score in pair
            )
            assert below == share * counts["ok"] / 3


def test_every_answer_is_in_the_log_once(server: Server) -> None:
    with ThreadPoolExecutor(8) as pool:
        codes = list(
            pool.map(
                lambda number: (
                    server.post(
                        {
                            "jsonData": [example(age=50 if number % 3 else 500)] * 2,
                            "meta": {"puid": f"id-{number}"},
                        }
                    ).status_code
                ),
                range(60),
            )
        )
    answered = [f"id-{number}" for number, code in enumerate(codes) if code == 200]
    assert len(answered) == 40

    def logged() -> list[str]:
        log = read_predictions(server.options.prediction_log, server.bundle.schema, "v1")
        assert log.repeats == 0
        return [name for name in log.table["_request"].to_pylist() if name.startswith("id-")]

    wait_until(lambda: sorted(logged()) == sorted(answered * 2), "each answer is in the log")


def test_sigterm_answers_what_was_begun_and_leaves_nothing(own_server: Server) -> None:
    processes = tree(own_server.process.pid)
    body = body_with()
    head = (
        f"POST {PREDICTIONS} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", own_server.options.port), timeout=10) as begun:
        begun.sendall(head.encode())
        assert b"100 Continue" in begun.recv(100)
        own_server.process.terminate()
        begun.sendall(body)
        assert b" 200 OK" in begun.recv(100)
    assert own_server.process.wait(timeout=12) == 0
    assert gone(processes)
    assert refuses(own_server.options.port)


def test_workers_do_not_outlive_their_master(own_server: Server) -> None:
    workers = tree(own_server.process.pid)[1:]
    own_server.process.kill()
    own_server.process.wait()
    wait_until(lambda: gone(workers), "workers exit on their own")
    assert refuses(own_server.options.port)


@pytest.mark.parametrize("damage", ["wrong answer", "damaged file"])
def test_a_bundle_that_cannot_be_served_ends_the_server(tmp_path: Path, damage: str) -> None:
    if damage == "wrong answer":
        server = start(tmp_path, wrong=Wrong(golden=0, by=0.5))
    else:
        server = start(tmp_path)
        (server.bundle.path / "head.onnx").write_bytes(b"no head")
    try:
        assert server.process.wait(timeout=15) == 3
    finally:
        end(server)
    lines = [line for line in server.output.read_text().splitlines() if "cannot be served" in line]
    assert 1 <= len(set(lines)) <= 1
    assert "Traceback" not in server.output.read_text()
    assert refuses(server.options.port)


@pytest.mark.slow
def test_serves_unmodified_under_the_stock_wrapper(tmp_path: Path) -> None:
    bundle = tiny_bundle(tmp_path / "bundle")
    shim = tmp_path / "shim"
    shim.mkdir()
    (shim / "tensorflow.py").write_text("raise ImportError('none here')\n")
    port, metrics_port = free_port(), free_port()
    parameters = [
        {"name": "bundle", "value": str(bundle.path), "type": "STRING"},
        {"name": "prediction_log", "value": str(tmp_path / "log"), "type": "STRING"},
    ]
    command = [
        Path(sys.executable).with_name("seldon-core-microservice"),
        "serving.click_model.ClickModel",
        *("--grpc-workers", "0", "--http-port", str(port), "--metrics-port", str(metrics_port)),
        *("--parameters", json.dumps(parameters)),
    ]
    with (tmp_path / "output").open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env={**os.environ, "PYTHONPATH": str(shim)},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        with PredictionClient(f"http://127.0.0.1:{port}") as client:
            wait_until(client.is_healthy, "stock wrapper is ready", seconds=40)
            prediction = client.predict(list(GOLDEN), "stock")
            assert prediction.scores == pytest.approx(expected(bundle, GOLDEN))
            assert (prediction.version, prediction.request_id) == ("v1", "stock")
            with pytest.raises(AdclickError, match="answered 400: row 0: column 'age'"):
                client.predict([example(age=-1)])
        url = f"http://127.0.0.1:{port}{PREDICTIONS}"
        plain = requests.post(url, data=b"{", headers={"Content-Type": "text/plain"}, timeout=10)
        assert plain.status_code == 415
    finally:
        processes = psutil.Process(process.pid).children(recursive=True)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        psutil.wait_procs(processes, timeout=5)
