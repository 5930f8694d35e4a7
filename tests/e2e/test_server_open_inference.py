"""The Open Inference Protocol V2, with Triton's client and by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import requests
from tritonclient.http import InferenceServerClient, InferInput, InferRequestedOutput
from tritonclient.utils import InferenceServerException

from adclick.prediction_log import read_predictions
from tests.bundles import example, expected
from tests.hosts import Server, metric, running
from tests.servers import wait_until

ROWS = [example(), example(creative="new", site="blog", age=71.5), example(score=-3)]
INFER = "/v2/models/adclick/infer"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("server")) as started:
        yield started


@pytest.fixture
def client(server: Server) -> Iterator[InferenceServerClient]:
    with InferenceServerClient(f"127.0.0.1:{server.options.port}") as connected:
        yield connected


def tensors(rows: list[dict[str, Any]], client: InferenceServerClient) -> list[InferInput]:
    """The rows as the model's own metadata asks for them."""
    inputs = []
    for described in client.get_model_metadata("adclick")["inputs"]:
        number = described["datatype"] == "FP64"
        values = [row[described["name"]] for row in rows]
        tensor = InferInput(described["name"], [len(rows)], described["datatype"])
        array = np.array(values, np.float64 if number else np.object_)
        tensor.set_data_from_numpy(array, binary_data=False)
        inputs.append(tensor)
    return inputs


def test_tritons_client_finds_the_model(client: InferenceServerClient) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("adclick")
    assert client.is_model_ready("adclick", "v1")
    assert not client.is_model_ready("adclick", "v2")
    assert not client.is_model_ready("other")
    assert client.get_server_metadata() == {"name": "adclick", "version": "v1", "extensions": []}
    assert client.get_model_metadata("adclick", "v1")["versions"] == ["v1"]


@pytest.mark.parametrize("version", ["", "v1"])
def test_tritons_client_gets_the_scores(
    server: Server, client: InferenceServerClient, version: str
) -> None:
    output = InferRequestedOutput("click_probability", binary_data=False)
    name = f"triton-{version}"
    answer = client.infer("adclick", tensors(ROWS, client), version, [output], request_id=name)
    assert answer.as_numpy("click_probability") == pytest.approx(
        expected(server.bundle, ROWS), abs=1e-6
    )
    got = answer.get_response()
    assert (got["model_name"], got["model_version"], got["id"]) == ("adclick", "v1", name)
    assert got["parameters"] == {"unknown_creatives": 1}

    def logged() -> bool:
        log = read_predictions(server.options.prediction_log, server.bundle.schema, "v1")
        return log.table["_request"].to_pylist().count(name) == len(ROWS)

    wait_until(logged, "the request is in the log")


def test_tritons_client_is_told_row_and_column(client: InferenceServerClient) -> None:
    with pytest.raises(InferenceServerException) as refused:
        client.infer("adclick", tensors([example(), example(age=121)], client))
    assert "row 1: column 'age' is above 120" in str(refused.value)


def infer(server: Server, body: bytes, **settings: Any) -> requests.Response:
    return requests.post(server.url + INFER, data=body, timeout=10, **settings)


@pytest.mark.parametrize(
    ("body", "settings", "code", "named"),
    [
        (b"{", {}, 400, "JSON"),
        (b"[]", {}, 400, "inputs"),
        (
            b'{"inputs": [{"name": "age", "datatype": "FP64", "shape": [1], "data": [NaN]}]}',
            {},
            400,
            "row 0",
        ),
        (b"{}", {"headers": {"Content-Type": "application/octet-stream"}}, 415, "json"),
    ],
    ids=["broken", "no inputs", "NaN", "binary"],
)
def test_refuses_in_the_protocols_shape(
    server: Server, body: bytes, settings: dict[str, Any], code: int, named: str
) -> None:
    before = metric(server, f'adclick_requests_total{{code="{code}"')
    answer = infer(server, body, **settings)
    assert answer.status_code == code
    assert list(answer.json()) == ["error"]
    assert named in answer.json()["error"]
    assert metric(server, f'adclick_requests_total{{code="{code}"') == before + 1


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", INFER, 405),
        ("POST", "/v2/models/other/infer", 404),
        ("GET", "/v2/models/adclick/versions/v2", 404),
    ],
)
def test_there_is_nothing_else(server: Server, method: str, path: str, code: int) -> None:
    answer = requests.request(method, server.url + path, timeout=10)
    assert answer.status_code == code
    assert json.loads(answer.text)["error"]
