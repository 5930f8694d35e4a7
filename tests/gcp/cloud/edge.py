"""Emulated: what stands at the hosts' addresses, and passes requests on to what answers them."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from asyncio import StreamReader, StreamWriter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from tests.gcp.cloud import metadata, names
from tests.gcp.cloud.certificates import Certificates
from tests.gcp.cloud.faults import FaultSwitch
from tests.gcp.cloud.storage import StorageProxy

TLS_PORT = 443
PLAIN_PORT = 80
PIECE = 1 << 16
HTTP2 = "h2"


@dataclass(frozen=True)
class Route:
    """Where the connections of an address go on to: 127.0.0.1's ports, by protocol."""

    address: str
    http_port: int
    grpc_port: int | None = None
    tls: bool = True


class Edge:
    """Listens on the emulated addresses from `start` until the process ends."""

    def __init__(self, state: Path, certificates: Certificates, routes: Sequence[Route]) -> None:
        self._state = state
        self._certificates = certificates
        self._routes = routes

    def start(self) -> None:
        """Return when all addresses are listened on; what is behind them may come later."""
        loop = asyncio.new_event_loop()
        threading.Thread(target=loop.run_forever, daemon=True, name="edge").start()
        asyncio.run_coroutine_threadsafe(self._listen(), loop).result(timeout=10)

    async def _listen(self) -> None:
        log = (self._state / "logs/storage-requests.log").open("a", encoding="utf-8")
        storage = StorageProxy(FaultSwitch(self._state), log).application()
        await _serve(storage, "127.0.0.1", names.STORAGE_PORT)
        await _serve(metadata.application(), names.METADATA_ADDRESS, PLAIN_PORT)
        for route in self._routes:
            context, port = (self._context(route), TLS_PORT) if route.tls else (None, PLAIN_PORT)
            await asyncio.start_server(_passing_on(route), route.address, port, ssl=context)

    def _context(self, route: Route) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._certificates.certificate, self._certificates.key)
        # gRPC offers HTTP/2 alone; who offers both, as curl does, wants the REST API
        context.set_alpn_protocols(["http/1.1", *([HTTP2] if route.grpc_port else [])])
        return context


async def _serve(application: web.Application, address: str, port: int) -> None:
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, address, port).start()


def _passing_on(route: Route) -> Callable[[StreamReader, StreamWriter], Awaitable[None]]:
    async def pass_on(reader: StreamReader, writer: StreamWriter) -> None:
        session = writer.get_extra_info("ssl_object")
        port = route.http_port
        if session and session.selected_alpn_protocol() == HTTP2:
            port = route.grpc_port
        try:
            behind_reader, behind_writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            writer.close()
            return
        ways = (_copy(reader, behind_writer), _copy(behind_reader, writer))
        await asyncio.gather(*ways)

    return pass_on


async def _copy(reader: StreamReader, writer: StreamWriter) -> None:
    """Pass on until one side ends, then end the other: TLS knows no half-closed connection."""
    with contextlib.suppress(OSError):
        while piece := await reader.read(PIECE):
            writer.write(piece)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.close()
        await writer.wait_closed()
