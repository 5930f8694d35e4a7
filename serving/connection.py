"""A client's connection to a worker, on which head and body of an answer leave in one piece."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

END_OF_HEAD = b"\r\n\r\n"


class Connection(HttpToolsProtocol):
    """Uvicorn's connection; a worker that is killed leaves no half of an answer on it.

    A proxy that has seen the head of an answer can't ask another worker any more.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to serve a client."""
        super().connection_made(OnePiece(transport, self.loop))  # type: ignore[arg-type]


class OnePiece:
    """A transport that keeps the head of an answer back until its body is written, a moment later.

    One system call for both costs less than the two that uvicorn makes, too.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Send the data, at once unless it is a head."""
        self._pieces.append(data)
        if data.endswith(END_OF_HEAD):
            # one without a body is sent after this turn of the event loop
            self._loop.call_soon(self._send)
        else:
            self._send()

    def close(self) -> None:
        """Close the connection once all of it is sent."""
        self._send()
        self._transport.close()

    def _send(self) -> None:
        pieces, self._pieces = self._pieces, []
        if pieces and not self._transport.is_closing():
            self._transport.write(b"".join(pieces))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
