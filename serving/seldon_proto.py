"""Seldon's messages as protocol buffers, and as the dicts that JSON makes of them."""

from __future__ import annotations

from typing import Any

from google.protobuf import json_format
from google.protobuf.struct_pb2 import ListValue, Struct, Value
from seldon_core.proto.prediction_pb2 import Feedback, SeldonMessage

Message = dict[str, Any]


def from_proto(message: SeldonMessage) -> Message:
    """The message as the REST protocol has it, with NaN and infinities where there are any.

    json_format would not say of these in which row they are, and takes three times as long.
    """
    meta: Message = {"puid": message.meta.puid, "requestPath": dict(message.meta.requestPath)}
    kind = message.WhichOneof("data_oneof")
    if kind == "jsonData":
        return {"jsonData": _value(message.jsonData), "meta": meta}
    if kind != "data":
        return {"meta": meta}
    table: Message = {"names": list(message.data.names)}
    if message.data.WhichOneof("data_oneof") == "ndarray":
        table["ndarray"] = _list(message.data.ndarray)
    return {"data": table, "meta": meta}


def from_feedback(feedback: Feedback) -> Message:
    """The Feedback message as the REST protocol has it; what was asked is left out."""
    message: Message = {"response": from_proto(feedback.response), "reward": feedback.reward}
    if feedback.HasField("truth"):
        message["truth"] = from_proto(feedback.truth)
    return message


def to_proto(message: Message) -> SeldonMessage:
    """The answer as protocol buffer."""
    return json_format.ParseDict(message, SeldonMessage())


def _value(value: Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "number_value":
        # protocol buffers know no integers here, and ids may be some
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "struct_value":
        return _struct(value.struct_value)
    if kind == "list_value":
        return _list(value.list_value)
    return None if kind in (None, "null_value") else getattr(value, kind)


def _struct(struct: Struct) -> Message:
    return {name: _value(value) for name, value in struct.fields.items()}


def _list(values: ListValue) -> list[Any]:
    return [_value(value) for value in values.values]
