"""An error within a server: a bundle whose head fails for some numbers, behind both servers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, get_args

import grpc
import pytest
import requests
from google.protobuf import json_format
from seldon_core.proto.prediction_pb2 import SeldonMessage
from seldon_core.proto.prediction_pb2_grpc import SeldonStub

from serving.options import ServerKind
from tests.bundles import example
from tests.hosts import Server, metric, running
from tests.servers import free_port, wait_until

INFER = "/v2/models/adclick/infer"
SECRET = 987_654
BREAKS = {"jsonData": [example(), example(score=SECRET, site="secretsite")]}
TOLD = re.compile(r"the server failed: its log says where, at error ([0-9a-f]{12})")


@pytest.fixture(scope="module", params=get_args(ServerKind))
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    folder, kind = tmp_path_factory.mktemp("server"), request.param
    with running(folder, fragile=True, server=kind, grpc_port=free_port(), workers=1) as server:
        yield server


def found(server: Server, told: str) -> str:
    """What the log says at the error that an answer told of."""
    number = TOLD.search(told)
    assert number, told
    log = wait_until(
        lambda: server.output.read_text().partition(f"error {number[1]}: ")[2], "it is in the log"
    )
    assert "scorer.py" in log
    return log


def test_an_error_is_a_500_whose_number_is_in_the_log(server: Server) -> None:
    answer = server.post(BREAKS)
    assert answer.status_code == 500
    status = answer.json()["status"]
    assert (status["code"], status["reason"]) == (-1, "MICROSERVICE_INTERNAL_ERROR")
    found(server, status["info"])
    again = server.post(BREAKS).json()["status"]["info"]
    assert again != status["info"]
    assert server.post({"jsonData": example()}).status_code == 200
    assert metric(server, 'adclick_errors_total{cause="internal"') == 2
    assert metric(server, 'adclick_requests_total{code="500"') == 2


def test_so_is_one_over_the_other_protocols(server: Server) -> None:
    message = json_format.ParseDict(BREAKS, SeldonMessage())
    with grpc.insecure_channel(f"127.0.0.1:{server.options.grpc_port}") as channel:
        stub = SeldonStub(channel)
        with pytest.raises(grpc.RpcError) as failed:
            stub.Predict(message, timeout=10)
        good = json_format.ParseDict({"jsonData": example()}, SeldonMessage())
        assert stub.Predict(good, timeout=10).jsonData
    if server.options.server == "adclick":
        assert failed.value.code() is grpc.StatusCode.INTERNAL
        found(server, str(failed.value.details()))
        answer = inferred(server, BREAKS["jsonData"][1])
        assert answer.status_code == 500
        found(server, answer.json()["error"])


def inferred(server: Server, row: dict[str, Any]) -> requests.Response:
    inputs = [
        {
            "name": name,
            "datatype": "FP64" if isinstance(value, int | float) else "BYTES",
            "shape": [1],
            "data": [value],
        }
        for name, value in row.items()
    ]
    return requests.post(f"{server.url}{INFER}", json={"inputs": inputs}, timeout=10)


def test_nothing_of_the_request_is_in_the_log(server: Server) -> None:
    assert server.post(BREAKS).status_code == 500
    log = server.output.read_text()
    assert "secretsite" not in log and str(SECRET) not in log
