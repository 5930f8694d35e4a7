"""Receives what Seldon's request logger sends, into the same logs as a server of ours writes.

`python -m serving.cloud_events --log URI --port P`, with that address as the `url` of a logger.
"""

from __future__ import annotations

import argparse

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, generate_latest

from adclick.feedback import FeedbackLogWriter, feedback_root
from adclick.prediction_log import PredictionLogWriter
from serving.errors import NOT_READY, ServerError, as_server_error
from serving.event_pairs import EventPairs, Key, answered_scores, asked_candidates
from serving.feedback import accept_feedback
from serving.http import Receive, Reply, Request, Scope, Send, decode_exactly, json_reply
from serving.options import ADDRESS, DRAIN_SECONDS
from serving.protocol import REQUEST_ID

REQUEST = "io.seldon.serving.inference.request"
RESPONSE = "io.seldon.serving.inference.response"
FEEDBACK = "io.seldon.serving.feedback"
KINDS = {REQUEST: "request", RESPONSE: "response", FEEDBACK: "feedback"}
# beside the request's id: canary and shadow answer the same request
GRAPH = (b"ce-namespace", b"ce-inferenceservicename", b"ce-endpoint", b"ce-modelid")


class EventReceiver:
    """An ASGI app that takes binary CloudEvents by POST, and answers 202 for what it took.

    GET /health/ping and /metrics are there, too. All events of a deployment must reach one process,
    since it pairs requests with their answers.
    """

    def __init__(self, log: str) -> None:
        self._predictions = PredictionLogWriter(log)
        self._feedback = FeedbackLogWriter(feedback_root(log))
        self._registry = CollectorRegistry()
        self._events = Counter(
            "adclick_events",
            "CloudEvents by type and outcome: taken, refused, or unpaired (given up)",
            ["type", "outcome"],
            registry=self._registry,
        )
        self._pairs = EventPairs(self._predictions, lambda kind: self._count(kind, "unpaired"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or run the app's start and end (ASGI)."""
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            self._predictions.close()
            self._feedback.close()
            await send({"type": "lifespan.shutdown.complete"})
            return
        reply = await self._reply(Request(scope, receive))
        await reply.send(send, last=reply.code in (408, 413))

    async def _reply(self, request: Request) -> Reply:
        if request.scope["method"] == "GET" and request.scope["path"] == "/metrics":
            return Reply(generate_latest(self._registry), content_type=CONTENT_TYPE_LATEST)
        if request.scope["method"] == "GET" and request.scope["path"] == "/health/ping":
            return Reply(b"pong", content_type="text/plain; charset=utf-8")
        kind = KINDS.get(request.header(b"ce-type"), "other")
        try:
            await self._take(request, kind)
        except Exception as error:
            self._count(kind, "refused")
            failure = as_server_error(error)
            return json_reply(failure.seldon(), failure.code)
        self._count(kind, "taken")
        return Reply(b"", 202)

    async def _take(self, request: Request, kind: str) -> None:
        if request.scope["method"] != "POST":
            raise ServerError("send CloudEvents by POST", 405, "method")
        if kind == "other":
            text = f"header ce-type is none of {', '.join(KINDS)}: send binary CloudEvents"
            raise ServerError(text, 400, "event_type")
        message = decode_exactly(await request.body())
        if kind == "feedback":
            accept_feedback(message, self._feedback)
            return
        key = _key(request)
        if kind == "request":
            taken = self._pairs.request(key, asked_candidates(message))
        else:
            taken = self._pairs.answer(key, answered_scores(message))
        if not taken:
            text = "the prediction log has no room: send this pair again later"
            raise ServerError(text, 503, "log_full", NOT_READY)

    def _count(self, kind: str, outcome: str) -> None:
        self._events.labels(kind, outcome).inc()


def _key(request: Request) -> Key:
    number = request.header(b"ce-requestid")
    if not REQUEST_ID.fullmatch(number):
        text = "header ce-requestid is no id of 1 to 128 printable ASCII characters"
        raise ServerError(text, 400, "event_id")
    return (number, *(request.header(name) for name in GRAPH))


def main() -> None:
    """Receive until SIGTERM, then write out what is paired."""
    parser = argparse.ArgumentParser(
        prog="python -m serving.cloud_events", description=EventReceiver.__doc__
    )
    parser.add_argument("--log", required=True, help="folder or URL of the prediction log")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--address", default=ADDRESS, help=f"to listen on ({ADDRESS})")
    options = parser.parse_args()
    uvicorn.run(
        EventReceiver(options.log),
        host=options.address,
        port=options.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )


if __name__ == "__main__":
    main()
