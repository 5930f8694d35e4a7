"""Open Inference Protocol V2: a named tensor a feature in, `click_probability` out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any

from adclick.encoding.sent import SentColumns
from adclick.errors import RequestError
from adclick.schema import Schema
from serving.protocol import SCORE_NAME, PredictionRequest, check_count, request_id

Message = dict[str, Any]

BYTES, FP64 = "BYTES", "FP64"
OUTPUT: Message = {"name": SCORE_NAME, "datatype": FP64}


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_bool(value: object) -> bool:
    return isinstance(value, bool)


DATATYPES: dict[str, Callable[[object], bool]] = {
    BYTES: _is_text,
    "BOOL": _is_bool,
    **{f"{sign}INT{bits}": _is_integer for sign in ("", "U") for bits in (8, 16, 32, 64)},
    **{f"FP{bits}": _is_number for bits in (16, 32, 64)},
}


def model_metadata(name: str, version: str, schema: Schema) -> Message:
    """What the model takes and gives, as the protocol describes it."""
    inputs = [
        {"name": column, "datatype": FP64 if column in schema.numeric else BYTES, "shape": [-1]}
        for column in schema.features
    ]
    return {
        "name": name,
        "versions": [version],
        "platform": "onnx_onnxv1",
        "inputs": inputs,
        "outputs": [{**OUTPUT, "shape": [-1]}],
    }


def read_inference(message: object) -> PredictionRequest:
    """What a decoded inference request asks for, one candidate an element of its tensors.

    Raises RequestError that names the tensor and, where it is one value's fault, the row.
    """
    if not isinstance(message, dict) or not isinstance(message.get("inputs"), list):
        raise RequestError("the body is no JSON object with a list of inputs")
    _check_outputs(message.get("outputs"))
    columns: dict[str, Sequence[Any]] = {}
    count = 0
    for number, tensor in enumerate(message["inputs"]):
        name, values = _column(number, tensor)
        if name in columns:
            raise RequestError(f"input {name!r} is there twice")
        if columns and len(values) != count:
            raise RequestError(f"input {name!r} holds {len(values)} values, the first {count}")
        columns[name], count = values, len(values)
    check_count(count)
    sent = SentColumns(columns, count)
    return PredictionRequest(sent, request_id(message.get("id"), "id"), False, {})


def write_inference(
    request: PredictionRequest, name: str, scores: Sequence[float], tags: Mapping[str, Any]
) -> Message:
    """The answer: scores[i] belongs to the i-th element of the request's tensors."""
    rest = {key: value for key, value in tags.items() if key != "model_version"}
    return {
        "model_name": name,
        "model_version": tags["model_version"],
        "id": request.request_id,
        "parameters": rest,
        "outputs": [{**OUTPUT, "shape": [len(scores)], "data": list(scores)}],
    }


def _check_outputs(outputs: object) -> None:
    if outputs is None:
        return
    names = outputs if isinstance(outputs, list) else [outputs]
    if not all(isinstance(item, dict) and item.get("name") == SCORE_NAME for item in names):
        raise RequestError(f"outputs: the only one there is, is {SCORE_NAME!r}")


def _column(number: int, tensor: object) -> tuple[str, Sequence[Any]]:
    name = tensor.get("name") if isinstance(tensor, dict) else None
    if not isinstance(tensor, dict) or not isinstance(name, str):
        raise RequestError(f"inputs: number {number} is no tensor with a name")
    # shortened: the name is the client's, and messages reach logs
    shown = repr(name[:60])
    fits = DATATYPES.get(str(tensor.get("datatype")))
    if fits is None:
        raise RequestError(f"input {shown}: datatype is none of {', '.join(DATATYPES)}")
    shape, data = tensor.get("shape"), tensor.get("data")
    if not _is_shape(shape):
        raise RequestError(f"input {shown}: shape is neither [n] nor [n, 1]")
    if not isinstance(data, list):
        raise RequestError(f"input {shown}: data is no list; binary tensors are not taken")
    values = _flat(data)
    if len(values) != shape[0]:
        raise RequestError(f"input {shown}: has {len(values)} values for the shape {shape}")
    for row, value in enumerate(values):
        if value is not None and not fits(value):
            raise RequestError(f"row {row}: column {shown} is no {tensor['datatype']}")
    return name, values


def _is_shape(shape: Any) -> bool:
    return (
        isinstance(shape, list)
        and all(_is_integer(size) and size >= 0 for size in shape)
        and (len(shape) == 1 or (len(shape) == 2 and shape[1] == 1))
    )


def _flat(data: list[Any]) -> list[Any]:
    if data and all(isinstance(row, list) and len(row) == 1 for row in data):
        return list(chain.from_iterable(data))
    return data
