"""The part of Terraform's plugin protocol 6 that a plan needs, as protobuf messages.

Fields by name and number, from tfplugin6.proto; fields that are not named here are skipped, as
protobuf does with any that a reader does not know.
"""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

PACKAGE = "tfplugin6"
Field = descriptor_pb2.FieldDescriptorProto

# message: {field: (number, type)}; [T] is repeated, {T} a map from string
MESSAGES: dict[str, dict[str, tuple[int, Any]]] = {
    "Nothing": {},
    "DynamicValue": {"msgpack": (1, bytes), "json": (2, bytes)},
    "Diagnostic": {"severity": (1, int), "summary": (2, str), "detail": (3, str)},
    "Attribute": {
        "name": (1, str),
        "type": (2, bytes),
        "required": (4, bool),
        "optional": (5, bool),
        "computed": (6, bool),
        "nested_type": (10, "Object"),
        "write_only": (11, bool),
    },
    "Object": {"attributes": (1, ["Attribute"]), "nesting": (3, int)},
    "NestedBlock": {
        "type_name": (1, str),
        "block": (2, "Block"),
        "nesting": (3, int),
        "min_items": (4, int),
        "max_items": (5, int),
    },
    "Block": {"attributes": (2, ["Attribute"]), "block_types": (3, ["NestedBlock"])},
    "Schema": {"version": (1, int), "block": (2, "Block")},
    "Schemas": {
        "provider": (1, "Schema"),
        "resource_schemas": (2, {"Schema"}),
        "data_source_schemas": (3, {"Schema"}),
        "ephemeral_resource_schemas": (8, {"Schema"}),
    },
    "Diagnostics": {"diagnostics": (1, ["Diagnostic"])},
    "PlanRequest": {
        "type_name": (1, str),
        "proposed_new_state": (3, "DynamicValue"),
    },
    "PlanResponse": {"planned_state": (1, "DynamicValue"), "legacy_type_system": (5, bool)},
    "ReadRequest": {"type_name": (1, str), "config": (2, "DynamicValue")},
    "ReadResponse": {"state": (1, "DynamicValue")},
    "OpenResponse": {"result": (3, "DynamicValue")},
}

# method: (request, response); a method that is not here is answered as not implemented
METHODS = {
    "GetProviderSchema": ("Nothing", "Schemas"),
    "ValidateProviderConfig": ("Nothing", "Diagnostics"),
    "ValidateResourceConfig": ("Nothing", "Diagnostics"),
    "ValidateDataResourceConfig": ("Nothing", "Diagnostics"),
    "ValidateEphemeralResourceConfig": ("Nothing", "Diagnostics"),
    "ConfigureProvider": ("Nothing", "Diagnostics"),
    "PlanResourceChange": ("PlanRequest", "PlanResponse"),
    "ReadDataSource": ("ReadRequest", "ReadResponse"),
    "OpenEphemeralResource": ("ReadRequest", "OpenResponse"),
    "CloseEphemeralResource": ("Nothing", "Diagnostics"),
    "StopProvider": ("Nothing", "Nothing"),
}

_TYPES = {
    bytes: Field.TYPE_BYTES,
    str: Field.TYPE_STRING,
    int: Field.TYPE_INT64,
    bool: Field.TYPE_BOOL,
}


def messages() -> dict[str, Any]:
    """The message classes by name."""
    file = descriptor_pb2.FileDescriptorProto(
        name="adclick_tests_tfplugin6.proto", package=PACKAGE, syntax="proto3"
    )
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, (number, kind) in fields.items():
            _add(message, field, number, kind)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.{name}"))
        for name in MESSAGES
    }


def _add(message: Any, name: str, number: int, kind: Any) -> None:
    if isinstance(kind, set):
        (value,) = kind
        entry = message.nested_type.add(name=f"{name.title().replace('_', '')}Entry")
        entry.options.map_entry = True
        _add(entry, "key", 1, str)
        _add(entry, "value", 2, value)
        kind = [f"{message.name}.{entry.name}"]
    repeated = isinstance(kind, list)
    (kind,) = kind if repeated else (kind,)
    field = message.field.add(
        name=name,
        number=number,
        label=Field.LABEL_REPEATED if repeated else Field.LABEL_OPTIONAL,
        type=Field.TYPE_MESSAGE if isinstance(kind, str) else _TYPES[kind],
    )
    if isinstance(kind, str):
        field.type_name = f".{PACKAGE}.{kind}"
