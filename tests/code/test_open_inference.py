"""Messages of the Open Inference Protocol: tensors to candidates, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from adclick.encoding.sent import SentColumns
from adclick.errors import RequestError
from serving.open_inference import model_metadata, read_inference, write_inference
from tests.bundles import tiny_schema


def tensor(name: str = "age", data: Any = (1.5, 2), **changes: Any) -> dict[str, Any]:
    values = list(data) if isinstance(data, tuple) else data
    return {"name": name, "datatype": "FP64", "shape": [2], "data": values, **changes}


def request(*inputs: Any, **fields: Any) -> dict[str, Any]:
    return {"inputs": list(inputs), **fields}


def test_an_element_of_each_tensor_is_a_candidate() -> None:
    site = tensor("site", ("news", None), datatype="BYTES")
    column = tensor("score", [[1], [2]], datatype="INT64", shape=[2, 1])
    read = read_inference(request(tensor(), site, column, id="mine"))
    assert read.sent == SentColumns(
        {"age": [1.5, 2], "site": ["news", None], "score": [1, 2]}, count=2
    )
    assert read.request_id == "mine"


def test_the_answer_has_scores_version_id_and_tags() -> None:
    read = read_inference(request(tensor(), id="mine"))
    tags = {"model_version": "v1", "unknown_creatives": 1}
    assert write_inference(read, "adclick", [0.25, 0.5], tags) == {
        "model_name": "adclick",
        "model_version": "v1",
        "id": "mine",
        "parameters": {"unknown_creatives": 1},
        "outputs": [
            {"name": "click_probability", "datatype": "FP64", "shape": [2], "data": [0.25, 0.5]}
        ],
    }


def test_metadata_has_an_input_a_feature() -> None:
    inputs = model_metadata("adclick", "v1", tiny_schema())["inputs"]
    assert {i["name"]: i["datatype"] for i in inputs} == {
        **dict.fromkeys(("shown_at", "creative", "site", "device"), "BYTES"),
        **dict.fromkeys(("age", "price", "score"), "FP64"),
    }


REFUSED: list[tuple[Any, str]] = [
    (None, "inputs"),
    ({}, "inputs"),
    (request(), "1 to 1000"),
    (request(3), "number 0"),
    (request(tensor(name=3)), "number 0"),
    (request(tensor(), tensor()), "'age' is there twice"),
    (request(tensor(datatype="FP8")), "'age': datatype"),
    (request(tensor(shape=[1, 2])), "'age': shape"),
    (request(tensor(shape=[True])), "'age': shape"),
    (request(tensor(shape=None)), "'age': shape"),
    (request(tensor(data=None)), "'age': data"),
    (request(tensor(shape=[3])), "'age': has 2 values"),
    (request(tensor(data=(1, "2"))), "row 1: column 'age' is no FP64"),
    (request(tensor(data=(1, True))), "row 1: column 'age' is no FP64"),
    (request(tensor(data=(1, 2.5), datatype="INT32")), "row 1: column 'age' is no INT32"),
    (request(tensor(data=("a", 5), datatype="BYTES")), "row 1: column 'age' is no BYTES"),
    (request(tensor(data=[[1, 2], [3]])), "row 0: column 'age'"),
    (request(tensor(), tensor("score", (1,), shape=[1])), "'score' holds 1 values, the first 2"),
    (request(tensor("x", [1] * 1001, shape=[1001])), "1 to 1000"),
    (request(tensor(), id=3), "id is no id"),
    (request(tensor(), outputs=[{"name": "other"}]), "click_probability"),
]


@pytest.mark.parametrize(("message", "named"), REFUSED, ids=[named for _, named in REFUSED])
def test_a_bad_message_is_refused(message: object, named: str) -> None:
    with pytest.raises(RequestError) as refused:
        read_inference(message)
    assert named in str(refused.value)
