"""Requests and replies of an ASGI app: bodies with a limit, JSON, errors as exceptions."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

import orjson

from adclick.errors import RequestError
from serving.errors import ServerError

MAX_BODY_BYTES = 8 * 1024 * 1024
# of a body that is too large, this much is taken off the wire before it is refused: a client that
# still sends when its connection is closed never sees the answer
DISCARDED_BYTES = 10 * MAX_BODY_BYTES
BODY_SECONDS = 10.0
LONG_INTEGER = re.compile(rb"(?<![.0-9])[0-9]{19}")
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request."""

    scope: Scope
    receive: Receive

    def header(self, name: bytes) -> str:
        """A header's value; empty where there is none. `name` in small letters."""
        for key, value in self.scope["headers"]:
            if key == name:
                return str(value.decode("latin-1"))
        return ""

    def media_type(self) -> str:
        """What the body is said to be, such as application/json."""
        return self.header(b"content-type").partition(";")[0].strip().lower()

    async def json_body(self) -> bytes:
        """The body, whole; raises ServerError when it is not sent as JSON, late or too large.

        Seldon's clients send JSON as the field `json` of a form or of the query, too.
        """
        kind = self.media_type()
        if kind not in (JSON, FORM):
            raise ServerError("send the request as application/json", 415, "content_type")
        body = await self.body()
        if kind == FORM:
            body = _json_field(body) or body
        return _json_field(self.scope["query_string"]) or body

    async def body(self) -> bytes:
        """The body, whole; raises ServerError when it is late or larger than MAX_BODY_BYTES."""
        message = await self.receive()
        body = message.get("body", b"")
        if message.get("more_body", False):
            try:
                async with asyncio.timeout(BODY_SECONDS):
                    body = await self._rest(body)
            except TimeoutError:
                text = f"the body did not arrive within {BODY_SECONDS:g} s"
                raise ServerError(text, 408, "slow_body") from None
        if len(body) > MAX_BODY_BYTES:
            raise _too_large()
        return bytes(body)

    async def _rest(self, first: bytes) -> bytes:
        chunks, size, more = [first], len(first), True
        while more:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise ServerError("the body ended early", 400, "malformed_json")
            chunk = message.get("body", b"")
            more = message.get("more_body", False)
            size += len(chunk)
            if size <= MAX_BODY_BYTES:
                chunks.append(chunk)
            elif size > DISCARDED_BYTES:
                raise _too_large()
            else:
                chunks.clear()
        if size > MAX_BODY_BYTES:
            raise _too_large()
        return b"".join(chunks)


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP answer."""

    body: bytes
    code: int = 200
    content_type: str = JSON
    headers: Iterable[tuple[bytes, bytes]] = ()

    async def send(self, send: Send, *, last: bool) -> None:
        """Send the answer; the `last` one tells the client to close the connection."""
        headers = [
            (b"content-type", self.content_type.encode()),
            (b"content-length", b"%d" % len(self.body)),
            *self.headers,
        ]
        if last:
            headers.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": self.code, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


Handler = Callable[[Request], Awaitable[Reply]]


def json_reply(content: object, code: int = 200) -> Reply:
    """An answer in JSON."""
    return Reply(orjson.dumps(content), code)


def json_answer(body: bytes, answer: Callable[[object], object]) -> Reply:
    """What `answer` makes of a JSON body; raises what it raises, or ServerError for broken JSON."""
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        # read again as the stock wrapper reads it, to refuse what it refuses in its words
        return json_reply(answer(decode_exactly(body)))
    try:
        return json_reply(answer(content))
    except RequestError:
        # orjson makes floats of integers of more than 64 bits, and a float is no id
        if not LONG_INTEGER.search(body):
            raise
    return json_reply(answer(decode_exactly(body)))


def decode_exactly(body: bytes | str) -> object:
    """A body as Python's own decoder reads it; raises ServerError when it is no JSON.

    Unlike orjson's, it keeps integers of any length, and lets NaN, 1e400 and halves of surrogate
    pairs through, which are then refused by row and column.
    """
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise ServerError("the body is no JSON", 400, "malformed_json") from None


def _json_field(form: bytes) -> bytes:
    return parse_qs(form).get(b"json", [b""])[0] if b"json=" in form else b""


def _too_large() -> ServerError:
    text = f"the body is larger than {MAX_BODY_BYTES // 2**20} MiB"
    return ServerError(text, 413, "too_large")
