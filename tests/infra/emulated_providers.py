"""Emulated providers of Terraform: they know the real ones' schemas, and make nothing.

Terraform's own core validates and plans infra/ against them over its plugin protocol: names,
types, references, conditions, counts and outputs are the real program's verdict. What only the
real provider or the cloud would refuse (a value that is not allowed, a quota) is not found here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import msgpack

from tests.infra.plugin_protocol import METHODS, PACKAGE, messages

SCHEMAS = Path(__file__).with_name("provider_schemas.json")
NESTING = {"single": 1, "list": 2, "set": 3}
UNKNOWN = msgpack.ExtType(0, b"\0")
MESSAGES = messages()
Block = dict[str, Any]


class EmulatedProvider:
    """One provider: answers with its schema, and plans that what is computed is not known yet."""

    def __init__(self, schemas: dict[str, Any]) -> None:
        self._schemas = schemas

    def answer(self, method: str, request: Any) -> Any:
        """The response to one call."""
        match method:
            case "GetProviderSchema":
                return self._all_schemas()
            case "PlanResourceChange":
                planned = self._planned("resource", request.type_name, request.proposed_new_state)
                return MESSAGES["PlanResponse"](planned_state=planned, legacy_type_system=True)
            case "ReadDataSource":
                state = self._planned("data", request.type_name, request.config)
                return MESSAGES["ReadResponse"](state=state)
            case "OpenEphemeralResource":
                result = self._planned("ephemeral", request.type_name, request.config)
                return MESSAGES["OpenResponse"](result=result)
            case _:
                return MESSAGES[METHODS[method][1]]()

    def _all_schemas(self) -> Any:
        def schema(block: Block) -> Any:
            return MESSAGES["Schema"](block=_block(block))

        response = MESSAGES["Schemas"](provider=schema(self._schemas.get("provider", {})))
        for kind, field in (
            ("resource", "resource_schemas"),
            ("data", "data_source_schemas"),
            ("ephemeral", "ephemeral_resource_schemas"),
        ):
            for name, block in self._schemas.get(kind, {}).items():
                getattr(response, field)[name].CopyFrom(schema(block))
        return response

    def _planned(self, kind: str, name: str, value: Any) -> Any:
        state = msgpack.unpackb(value.msgpack)
        if state is not None:
            # what a data source or an ephemeral resource reads is text here; a plan's is unknown
            fill = UNKNOWN if kind == "resource" else None
            state = _computed(self._schemas[kind][name], state, fill)
        return MESSAGES["DynamicValue"](msgpack=msgpack.packb(state))


def _computed(block: Block, state: dict[str, Any], fill: Any) -> dict[str, Any]:
    filled = dict(state)
    for name, attribute in block.get("attributes", {}).items():
        if attribute.get("write_only"):
            filled[name] = None
        elif attribute.get("computed") and filled.get(name) is None:
            text = attribute.get("type") == "string"
            filled[name] = fill if fill is not None else (f"emulated-{name}" if text else None)
    for name, nested in block.get("blocks", {}).items():
        inner = filled.get(name)
        if isinstance(inner, list):
            filled[name] = [
                _computed(nested["block"], item, fill) if isinstance(item, dict) else item
                for item in inner
            ]
    return filled


def _block(block: Block) -> Any:
    return MESSAGES["Block"](
        attributes=[_attribute(*item) for item in block.get("attributes", {}).items()],
        block_types=[
            MESSAGES["NestedBlock"](
                type_name=name,
                block=_block(nested.get("block", {})),
                nesting=NESTING[nested["nesting"]],
                min_items=nested.get("min", 0),
                max_items=nested.get("max", 0),
            )
            for name, nested in block.get("blocks", {}).items()
        ],
    )


def _attribute(name: str, attribute: dict[str, Any]) -> Any:
    options: dict[str, Any] = {
        "name": name,
        "required": attribute.get("required", False),
        "optional": attribute.get("optional", False),
        "computed": attribute.get("computed", False),
        "write_only": attribute.get("write_only", False),
    }
    if "nested" in attribute:
        inner = attribute["nested"].get("attributes", {})
        options["nested_type"] = MESSAGES["Object"](
            attributes=[_attribute(*item) for item in inner.items()],
            nesting=NESTING[attribute["nesting"]],
        )
    else:
        options["type"] = json.dumps(attribute["type"]).encode()
    return MESSAGES["Attribute"](**options)


@contextmanager
def emulated_providers(folder: Path) -> Iterator[str]:
    """Runs all of them; yields what TF_REATTACH_PROVIDERS must be for Terraform to find them."""
    servers, addresses = [], {}
    for name, schemas in json.loads(SCHEMAS.read_text()).items():
        server = grpc.server(ThreadPoolExecutor(4))
        server.add_generic_rpc_handlers((_handlers(EmulatedProvider(schemas)),))
        socket = folder / f"{name}.sock"
        server.add_insecure_port(f"unix:{socket}")
        server.start()
        servers.append(server)
        addresses[f"registry.terraform.io/hashicorp/{name}"] = {
            "Protocol": "grpc",
            "ProtocolVersion": 6,
            "Pid": os.getpid(),
            "Test": True,
            "Addr": {"Network": "unix", "String": str(socket)},
        }
    try:
        yield json.dumps(addresses)
    finally:
        for server in servers:
            server.stop(None)


def _handlers(provider: EmulatedProvider) -> grpc.GenericRpcHandler:
    def handler(method: str) -> Callable[[Any, grpc.ServicerContext], Any]:
        return lambda request, _: provider.answer(method, request)

    return grpc.method_handlers_generic_handler(
        f"{PACKAGE}.Provider",
        {
            method: grpc.unary_unary_rpc_method_handler(
                handler(method),
                request_deserializer=MESSAGES[request].FromString,
                response_serializer=lambda message: message.SerializeToString(),
            )
            for method, (request, _) in METHODS.items()
        },
    )
