"""One model, many protocols: the same answers from our server and from Seldon's stock one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, get_args

import grpc
import numpy as np
import pytest
import requests
from google.protobuf import json_format
from seldon_core.proto.prediction_pb2 import SeldonMessage
from seldon_core.proto.prediction_pb2_grpc import SeldonStub
from seldon_core.seldon_client import SeldonClient

from serving.client import PREDICTIONS
from serving.options import ServerKind
from tests.bundles import GOLDEN, example, expected
from tests.hosts import Server, metric, running
from tests.servers import free_port, wait_until

ROWS = [*GOLDEN[:2], example(site=1005, creative="new", price=None, age=0)]
NAMES = sorted(ROWS[0])
TABLE = {"names": NAMES, "ndarray": [[row[name] for name in NAMES] for row in ROWS]}
TOLERANCE = 1e-6


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Server]]:
    """Servers of the same bundle, by kind."""
    with ExitStack() as stack:
        yield {
            kind: stack.enter_context(
                running(tmp_path_factory.mktemp("server"), server=kind, grpc_port=free_port())
            )
            for kind in get_args(ServerKind)
        }


@pytest.fixture
def ours(servers: dict[str, Server]) -> Server:
    return servers["adclick"]


def answers(servers: dict[str, Server], method: str, path: str, **sent: Any) -> list[Any]:
    got = [requests.request(method, s.url + path, timeout=10, **sent) for s in servers.values()]
    return [(answer.status_code, answer.headers["content-type"], answer.text) for answer in got]


GOOD: list[dict[str, Any]] = [
    {"jsonData": example()},
    {"jsonData": ROWS},
    {"data": TABLE},
    {"jsonData": ROWS, "meta": {"requestPath": {"router": "image:1"}, "tags": {"a": 1}}},
    {"jsonData": example(score=2**70, site=-(2**70))},
    {"jsonData": example(age=1e-7, score=-1e6, price=0)},
    {"jsonData": example(site="Zürich 広告 \U0001f600", device="", shown_at="2024-05-03")},
]
BAD: list[Any] = [
    {"jsonData": example(age=-1)},
    {"jsonData": example(age=float("nan"))},
    {"jsonData": [example(), example(colour="red")]},
    {"data": {**TABLE, "ndarray": [[1]]}},
    {"jsonData": []},
    {},
    [],
]


@pytest.mark.parametrize("message", [*GOOD, *BAD], ids=lambda m: json.dumps(m)[:50])
def test_answers_are_those_of_the_stock_wrapper(servers: dict[str, Server], message: Any) -> None:
    if message in GOOD:
        message = {**message, "meta": {**message.get("meta", {}), "puid": "mine"}}
    headers = {"content-type": "application/json"}
    ours, stock = answers(servers, "POST", PREDICTIONS, data=json.dumps(message), headers=headers)
    assert (ours[0], json.loads(ours[2])) == (stock[0], json.loads(stock[2]))
    assert ours[1] == stock[1]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/health/ping"),
        ("GET", "/health/status"),
        ("GET", "/metadata"),
        ("GET", "/api/v1.0/metadata"),
        ("GET", "/seldon.json"),
    ],
)
def test_other_endpoints_are_those_of_the_stock_wrapper(
    servers: dict[str, Server], method: str, path: str
) -> None:
    ours, stock = answers(servers, method, path)
    assert ours[:2] == stock[:2]
    if path != "/health/ping":
        assert json.loads(ours[2]) == json.loads(stock[2])
    else:
        assert ours == stock


@pytest.mark.parametrize("kind", get_args(ServerKind))
def test_seldons_client_gets_the_scores_over_rest_and_grpc(
    servers: dict[str, Server], kind: str
) -> None:
    server = servers[kind]
    # its arrays make 1005.0 of the number 1005, which is no id of a site
    rows = [*ROWS[:2], {**ROWS[2], "site": "1005"}]
    wanted = expected(server.bundle, rows)
    table = np.array([[row[name] for name in NAMES] for row in rows], dtype=object)
    rest, grpc_ = f"127.0.0.1:{server.options.port}", f"127.0.0.1:{server.options.grpc_port}"
    for transport, endpoint in (("rest", rest), ("grpc", grpc_)):
        client = SeldonClient(
            gateway="seldon",
            transport=transport,
            gateway_endpoint=endpoint,
            client_return_type="dict",
        )
        answer = client.predict(data=table, names=NAMES, payload_type="ndarray")
        assert answer.success, answer.msg
        scores = [row[0] for row in answer.response["data"]["ndarray"]]
        assert scores == pytest.approx(wanted, abs=TOLERANCE)
    client = SeldonClient(microservice_endpoint=rest, client_return_type="dict")
    answer = client.microservice(data=table, names=NAMES, method="predict", payload_type="ndarray")
    assert answer.success, answer.msg


@pytest.mark.parametrize("kind", get_args(ServerKind))
@pytest.mark.parametrize("message", GOOD, ids=lambda m: json.dumps(m)[:50])
def test_grpc_gives_the_answer_of_rest(
    servers: dict[str, Server], kind: str, message: dict[str, Any]
) -> None:
    server = servers[kind]
    message = {**message, "meta": {**message.get("meta", {}), "puid": "mine"}}
    with grpc.insecure_channel(f"127.0.0.1:{server.options.grpc_port}") as channel:
        answer = SeldonStub(channel).Predict(
            json_format.ParseDict(message, SeldonMessage()), timeout=10
        )
    rest = server.post(message).json()
    assert json_format.MessageToDict(answer) == rest


def test_grpc_refuses_with_the_words_of_rest(ours: Server) -> None:
    before = metric(ours, 'adclick_requests_total{code="400"')
    message = SeldonMessage()
    json_format.ParseDict({"jsonData": [example(), example(age=-1)]}, message)
    message.jsonData.list_value.values[0].struct_value.fields["score"].number_value = float("nan")
    with grpc.insecure_channel(f"127.0.0.1:{ours.options.grpc_port}") as channel:
        stub = SeldonStub(channel)
        for refused, words in (
            (message, "row 0: column 'score' is not finite"),
            (SeldonMessage(strData="x"), "jsonData"),
        ):
            with pytest.raises(grpc.RpcError) as error:
                stub.Predict(refused, timeout=10)
            assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT
            assert words in error.value.details()
    wait_until(
        lambda: metric(ours, 'adclick_requests_total{code="400"') == before + 2, "both are counted"
    )
