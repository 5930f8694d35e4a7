"""Feedback over REST and gRPC: our server and Seldon's stock one log the same rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import grpc
import pytest
import requests
from google.protobuf import json_format
from seldon_core.proto.prediction_pb2 import Feedback, SeldonMessage
from seldon_core.proto.prediction_pb2_grpc import SeldonStub
from seldon_core.seldon_client import SeldonClient

from adclick.feedback import feedback_root
from adclick.prediction_log.names import CANDIDATE, CLICKED, REQUEST
from adclick.records.reading import read_records
from serving.options import ServerKind
from tests.bundles import example
from tests.hosts import Server, metric, running
from tests.servers import free_port, wait_until

URL = "/api/v1.0/feedback"
CLICK = {"request_id": "batch", "candidate": 1, "clicked": 1}


@pytest.fixture(scope="module", params=get_args(ServerKind))
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    with running(folder, server=request.param, grpc_port=free_port(), workers=1) as server:
        yield server


def logged(server: Server) -> set[tuple[str, int, bool]]:
    tables = read_records(
        feedback_root(server.options.prediction_log), [REQUEST, CANDIDATE, CLICKED]
    )
    rows = [row for table in tables for row in table.to_pylist()]
    return {(row[REQUEST], row[CANDIDATE], row[CLICKED]) for row in rows}


def test_every_way_of_telling_reaches_the_log(server: Server) -> None:
    answer = server.post({"jsonData": example(), "meta": {"puid": "rest"}}).json()
    told = requests.post(server.url + URL, json={"response": answer, "reward": 0}, timeout=10)
    assert (told.status_code, told.json()) == (200, {"meta": {"tags": {"accepted": 1}}})

    client = SeldonClient(
        gateway="seldon", gateway_endpoint=f"127.0.0.1:{server.options.port}", transport="rest"
    )
    for puid, reward in (("client-0", 0), ("client-1", 1)):
        response = SeldonMessage(meta={"puid": puid})
        assert client.feedback(prediction_response=response, reward=reward).success

    batch: dict[str, Any] = {"truth": {"jsonData": [CLICK, {**CLICK, "candidate": 3}]}}
    with grpc.insecure_channel(f"127.0.0.1:{server.options.grpc_port}") as channel:
        stub = SeldonStub(channel)
        message = json_format.ParseDict(batch, Feedback())
        accepted = json_format.MessageToDict(stub.SendFeedback(message, timeout=10))
        assert accepted == {"meta": {"tags": {"accepted": 2}}}
        stub.SendFeedback(Feedback(response={"meta": {"puid": "grpc"}}), timeout=10)

    wanted = {
        ("rest", 0, False),
        ("client-0", 0, False),
        ("client-1", 0, True),
        ("batch", 1, True),
        ("batch", 3, True),
        ("grpc", 0, False),
    }
    wait_until(lambda: wanted <= logged(server), "all of it is logged")


def test_bad_feedback_is_refused_in_seldons_shape(server: Server) -> None:
    bad = {"truth": {"jsonData": [CLICK, {**CLICK, "clicked": 7}]}}
    refused = requests.post(server.url + URL, json=bad, timeout=10)
    assert refused.status_code == 400
    assert refused.json()["status"]["info"] == "item 1: clicked is neither 0 nor 1"
    for body in (b"{", b"[]", b'{"rewards": 1}'):
        headers = {"content-type": "application/json"}
        answer = requests.post(server.url + URL, data=body, headers=headers, timeout=10)
        assert answer.status_code == 400, answer.text
    text = requests.post(
        server.url + URL, data="x", headers={"content-type": "text/plain"}, timeout=10
    )
    assert text.status_code == 415
    assert metric(server, "adclick_log_dropped_total") == 0
