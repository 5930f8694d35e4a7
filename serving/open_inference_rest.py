"""The endpoints of the Open Inference Protocol V2."""

from __future__ import annotations

import asyncio
from typing import Any

from serving.click_model import ClickModel, model_name
from serving.errors import ServerError
from serving.http import JSON, Handler, Reply, Request, json_answer, json_reply
from serving.open_inference import model_metadata, read_inference, write_inference

ROOT = "/v2"


class OpenInference:
    """Answers the protocol's requests for one loaded model, in its one version."""

    def __init__(self, model: ClickModel) -> None:
        self._model = model
        self._name = model_name()
        self._version = model.bundle.version
        self._metadata = model_metadata(self._name, self._version, model.bundle.schema)
        paths = (
            f"{ROOT}/models/{self._name}",
            f"{ROOT}/models/{self._name}/versions/{self._version}",
        )
        self.infer_paths = tuple(f"{path}/infer" for path in paths)
        self.routes: dict[str, dict[str, Handler]] = {
            ROOT: {"GET": self._server},
            f"{ROOT}/health/live": {"GET": self._live},
            f"{ROOT}/health/ready": {"GET": self._ready},
            **{path: {"GET": self._model_metadata} for path in paths},
            **{f"{path}/ready": {"GET": self._model_ready} for path in paths},
            **{path: {"POST": self._infer} for path in self.infer_paths},
        }

    async def _server(self, _: Request) -> Reply:
        return json_reply({"name": self._name, "version": self._version, "extensions": []})

    async def _live(self, _: Request) -> Reply:
        return json_reply({"live": True})

    async def _ready(self, _: Request) -> Reply:
        return json_reply({"ready": True})

    async def _model_metadata(self, _: Request) -> Reply:
        return json_reply(self._metadata)

    async def _model_ready(self, _: Request) -> Reply:
        return json_reply({"name": self._name, "ready": True})

    async def _infer(self, request: Request) -> Reply:
        # clients of this protocol often name no type
        if request.media_type() not in (JSON, ""):
            raise ServerError("send the request as application/json", 415, "content_type")
        body = await request.body()
        if self._model.brings_images(body):
            return await asyncio.to_thread(json_answer, body, self._inferred)
        return json_answer(body, self._inferred)

    def _inferred(self, message: object) -> dict[str, Any]:
        request = read_inference(message)
        answer = self._model.answer(request)
        return write_inference(request, self._name, answer.scores, answer.tags(self._version))
