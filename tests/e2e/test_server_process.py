"""A server's processes: start, memory, stop, and what ends them."""

from __future__ import annotations

import json
import socket
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from adclick.prediction_log import read_predictions
from serving.client import PREDICTIONS
from tests.bundles import Wrong, example
from tests.hosts import Server, end, metric, ready, running, start
from tests.servers import gone, refuses, tree, wait_until


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    with running(tmp_path) as started:
        yield started


def test_little_is_loaded_in_any_process(own_server: Server) -> None:
    master, *workers = tree(own_server.process.pid)
    for process in (master, *workers):
        maps = Path(f"/proc/{process.pid}/maps").read_text()
        # and the master no onnxruntime: its workers would never exit
        assert ("onnxruntime" in maps) == (process in workers)
        for unneeded in ("tensorflow", "pandas", "grpc"):
            assert f"/{unneeded}/" not in maps
        assert process.memory_info().rss < 250e6


def test_sigterm_answers_what_was_begun_and_leaves_nothing(own_server: Server) -> None:
    processes = tree(own_server.process.pid)
    body = json.dumps({"jsonData": example()}).encode()
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


def test_an_answer_leaves_in_one_piece(own_server: Server) -> None:
    body = json.dumps({"jsonData": example()}).encode()
    head = (
        f"POST {PREDICTIONS} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", own_server.options.port), timeout=10) as client:
        client.sendall(head.encode() + body)
        assert client.recv(10_000).endswith(b"}")
        assert _segments_with_data(client) == 1


def _segments_with_data(client: socket.socket) -> int:
    """How many segments brought data so far: tcpi_data_segs_in (linux/tcp.h)."""
    told = client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 160)
    return int.from_bytes(told[152:156], sys.byteorder)


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


def test_sigterm_lets_open_connections_send_a_last_request(own_server: Server) -> None:
    with requests.Session() as session:
        session.trust_env = False
        body = {"jsonData": example()}
        first = session.post(own_server.url + PREDICTIONS, json=body, timeout=10)
        assert "connection" not in first.headers
        own_server.process.terminate()
        wait_until(lambda: refuses(own_server.options.port), "no connection is taken any more")
        last = session.post(own_server.url + PREDICTIONS, json=body, timeout=10)
        assert (last.status_code, last.headers["connection"]) == (200, "close")
    assert own_server.process.wait(timeout=12) == 0


def test_no_request_fails_while_the_server_stops(own_server: Server) -> None:
    stopped = threading.Event()

    def ask(_: int) -> list[int]:
        codes = []
        with requests.Session() as session:
            session.trust_env = False
            while not stopped.is_set():
                try:
                    answer = session.post(
                        own_server.url + PREDICTIONS, json={"jsonData": example()}, timeout=10
                    )
                except requests.ConnectionError as error:
                    # refused before anything was sent: the port is closed, as it should be
                    assert "refused" in str(error)
                    break
                codes.append(answer.status_code)
        return codes

    with ThreadPoolExecutor(4) as pool:
        clients = [pool.submit(ask, number) for number in range(4)]
        counted = 'adclick_requests_total{code="200"'
        wait_until(lambda: metric(own_server, counted) > 200, "the clients are at work")
        own_server.process.terminate()
        assert own_server.process.wait(timeout=12) == 0
        stopped.set()
        codes = [code for client in clients for code in client.result()]
    assert set(codes) == {200}
    log = read_predictions(own_server.options.prediction_log, own_server.bundle.schema, "v1")
    assert (log.table.num_rows, log.repeats) == (len(codes), 0)


def test_workers_come_back(own_server: Server) -> None:
    first = tree(own_server.process.pid)[1]
    first.kill()
    wait_until(lambda: gone([first]), "the worker is gone")
    wait_until(lambda: ready(own_server), "another one is there")
    assert own_server.post({"jsonData": example()}).status_code == 200
