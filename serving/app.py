"""Seldon's own REST app around the model, with metrics that work across workers and quiet logs."""

from __future__ import annotations

import logging
import time
import traceback

from flask import Flask, Response, g, request
from seldon_core.flask_utils import SeldonMicroserviceException
from seldon_core.wrapper import get_rest_microservice

from serving.click_model import Answer, ClickModel
from serving.doors import error_response
from serving.metrics import NoSeldonMetrics, ServerMetrics, exposition
from serving.protocol import PredictionRequest

log = logging.getLogger(__name__)


class CountedModel(ClickModel):
    """A ClickModel that counts its answers."""

    counters: ServerMetrics

    def load(self) -> None:
        """Load the bundle; from then on answers are counted under its version."""
        super().load()
        self.counters = ServerMetrics(self.bundle.version)

    def answer(self, request: PredictionRequest) -> Answer:
        """Score, log and count a request's candidates."""
        answer = super().answer(request)
        self.counters.count_scores(answer.scores, answer.unknown_creatives)
        return answer


def build_app(model: CountedModel) -> Flask:
    """The WSGI app of a worker whose `model` is loaded."""
    app = get_rest_microservice(model, NoSeldonMetrics())
    # in place of Seldon's own handlers, which log messages that may quote the request
    app.register_error_handler(SeldonMicroserviceException, _refused)
    app.register_error_handler(Exception, _failed)

    # first, because a door that turns a request away ends this list
    app.before_request_funcs[None].insert(0, _start_clock)

    @app.after_request
    def _count(response: Response) -> Response:
        if request.endpoint == "Predict":
            model.counters.count_request(response.status_code, time.perf_counter() - g.start)
        return response

    @app.get("/metrics")
    def metrics() -> Response:
        body, content_type = exposition()
        return Response(body, content_type=content_type)

    return app


def _start_clock() -> None:
    g.start = time.perf_counter()


def _refused(error: SeldonMicroserviceException) -> Response:
    return error_response(error.message, error.status_code, error.reason)


def _failed(error: Exception) -> Response:
    # where, but not what: an exception's message may quote values of the request
    frames = "".join(traceback.format_tb(error.__traceback__))
    log.error("%s in a request at\n%s", type(error).__name__, frames)
    return error_response(
        "the server failed; its log says where", 500, "MICROSERVICE_INTERNAL_ERROR"
    )
