"""New creatives by image over HTTP, in both protocols, by our server and the stock one."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
import requests

from serving.options import ServerKind
from tests.bundles import example
from tests.hosts import Server, running
from tests.logs import encoded, picture

IMAGE = base64.b64encode(encoded(picture(3), "PNG")).decode()
NEW = example(creative="new", image=IMAGE)


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
    with running(tmp_path, workers=1, server=kind, new_images="inline") as server:
        answer = server.post({"jsonData": [NEW, example(creative="unknown"), example()]}).json()
        scores = answer["jsonData"]["click_probability"]
        assert len(set(scores)) == 3
        tags = {"model_version": "v1", "unknown_creatives": 1, "new_creatives": 1}
        assert answer["meta"]["tags"] == tags
        refused = server.post({"jsonData": [example(), {**NEW, "image": "aGVsbG8="}]})
        assert refused.status_code == 400
        assert "row 1: column 'image' cannot be used" in refused.json()["status"]["info"]
        if kind == "adclick":
            (output,) = inferred(server).json()["outputs"]
            assert output["data"] == pytest.approx(scores[:1], abs=1e-6)
            document = requests.get(f"{server.url}/openapi.json", timeout=10).json()
            assert "image" in document["components"]["schemas"]["Candidate"]["properties"]
        assert IMAGE not in server.output.read_text()
