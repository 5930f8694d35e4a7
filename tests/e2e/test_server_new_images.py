"""New creatives by image over HTTP, in both protocols, by our server and the stock one."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import grpc
import pytest
import requests
from google.protobuf import json_format
from seldon_core.proto.prediction_pb2 import SeldonMessage
from seldon_core.proto.prediction_pb2_grpc import SeldonStub

from serving.options import ServerKind
from tests.bundles import example
from tests.hosts import Server, running
from tests.logs import encoded, picture
from tests.servers import free_port

IMAGE = base64.b64encode(encoded(picture(3), "PNG")).decode()
NEW = example(creative="new", image=IMAGE)


def called(server: Server, rows: list[dict[str, Any]]) -> Any:
    """The answer over gRPC."""
    message = json_format.ParseDict({"jsonData": rows, "meta": {"puid": "mine"}}, SeldonMessage())
    with grpc.insecure_channel(f"127.0.0.1:{server.options.grpc_port}") as channel:
        return json_format.MessageToDict(SeldonStub(channel).Predict(message, timeout=10))


def inferred(server: Server) -> requests.Response:
    inputs = [
        {
            "name": name,
            "datatype": "FP64" if isinstance(value, int | float) else "BYTES",
            "shape": [1],
            "data": [value],
        }
        for name, value in NEW.items()
    ]
    url = f"{server.url}/v2/models/adclick/infer"
    return requests.post(url, json={"inputs": inputs}, timeout=10)


@pytest.mark.parametrize("kind", ["adclick", "seldon-core-microservice"])
def test_a_new_creative_is_scored_by_its_image(tmp_path: Path, kind: ServerKind) -> None:
    settings: dict[str, Any] = {"server": kind, "new_images": "inline", "grpc_port": free_port()}
    with running(tmp_path, workers=1, **settings) as server:
        answer = server.post({"jsonData": [NEW, example(creative="unknown"), example()]}).json()
        scores = answer["jsonData"]["click_probability"]
        assert len(set(scores)) == 3
        tags = {"model_version": "v1", "unknown_creatives": 1, "new_creatives": 1}
        assert answer["meta"]["tags"] == tags
        assert called(server, [NEW, example(creative="unknown"), example()]) == answer | {
            "meta": {**answer["meta"], "puid": "mine"}
        }
        broken = [example(), {**NEW, "image": "aGVsbG8="}]
        with pytest.raises(grpc.RpcError, match="row 1: column 'image' cannot be used"):
            called(server, broken)
        refused = server.post({"jsonData": broken})
        assert refused.status_code == 400
        assert "row 1: column 'image' cannot be used" in refused.json()["status"]["info"]
        if kind == "adclick":
            (output,) = inferred(server).json()["outputs"]
            assert output["data"] == pytest.approx(scores[:1], abs=1e-6)
            document = requests.get(f"{server.url}/openapi.json", timeout=10).json()
            assert "image" in document["components"]["schemas"]["Candidate"]["properties"]
        assert IMAGE not in server.output.read_text()
