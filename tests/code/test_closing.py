"""A listening socket closes under clients that connect."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import uvloop

from serving.closing import take_the_last

CLIENTS = 16
GREETING = b"y"


class Greeter(asyncio.Protocol):
    """Says one thing to whoever connects."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        transport.write(GREETING)
        transport.close()


def test_no_connection_is_lost_that_was_made() -> None:
    async def close_under_load() -> list[str]:
        listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
        address = listener.getsockname()
        server = await asyncio.get_running_loop().create_server(Greeter, sock=listener)
        loop, asked = asyncio.get_running_loop(), asyncio.Event()

        def answered() -> None:
            loop.call_soon_threadsafe(asked.set)

        with ThreadPoolExecutor(CLIENTS) as pool:
            clients = [
                loop.run_in_executor(pool, _end_of, address, answered) for _ in range(CLIENTS)
            ]
            await asked.wait()
            await take_the_last([listener])
            server.close()
            listener.close()
            return await asyncio.gather(*clients)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(close_under_load()) == ["refused"] * CLIENTS


def _end_of(address: tuple[str, int], answered: Callable[[], None]) -> str:
    """How the last of many connections ended, each made as soon as the one before was answered."""
    while True:
        try:
            with socket.create_connection(address, timeout=10) as connection:
                if connection.recv(1) != GREETING:
                    return "no answer"
        except ConnectionRefusedError:
            return "refused"
        except ConnectionResetError:
            return "reset"
        answered()
