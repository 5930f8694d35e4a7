"""Workers on one listening socket share the connections."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import uvloop

from serving.accepting import Acceptor
from serving.shares import Held, Share, Shares


class Kept(asyncio.Protocol):
    """A connection that stays open."""

    def __init__(self, held: Held[Kept]) -> None:
        self._held = held

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._held.add(self)
        transport.write(b"y")

    def connection_lost(self, _: Exception | None) -> None:
        self._held.discard(self)


@contextmanager
def accepting(listener: socket.socket, share: Share) -> Iterator[None]:
    """A worker that accepts at the listener."""
    held: Held[Kept] = Held(share)
    acceptor = Acceptor(listener.dup(), lambda: Kept(held), share)
    try:
        yield
    finally:
        acceptor.close()


async def connect(listener: socket.socket, count: int) -> list[asyncio.StreamWriter]:
    """So many connections, made at once and greeted."""
    made = await asyncio.gather(
        *(asyncio.open_connection(*listener.getsockname()) for _ in range(count))
    )
    async with asyncio.timeout(10):
        for reader, _ in made:
            assert await reader.readexactly(1) == b"y"
    return [writer for _, writer in made]


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        made.setblocking(False)
        yield made


def run[T](main: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)


async def all_closed(writers: list[asyncio.StreamWriter], *shares: Share) -> None:
    """Close the connections and wait for the workers to see it."""
    for writer in writers:
        writer.close()
    async with asyncio.timeout(10):
        while any(share.held for share in shares):
            await asyncio.sleep(0)


def test_who_has_fewer_connections_gets_the_next(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    # on a busy machine the one event loop of both stands still for longer than patience is
    monkeypatch.setattr("serving.accepting.PATIENCE_SECONDS", 60)
    shares = Shares()
    first = shares.take()

    async def held() -> list[list[int]]:
        with accepting(listener, first):
            writers = await connect(listener, 4)
            second = shares.take()
            counts = [[first.held, second.held]]
            with accepting(listener, second):
                writers += await connect(listener, 4)
                counts.append([first.held, second.held])
                await all_closed(writers, first, second)
        return counts

    assert run(held()) == [[4, 0], [4, 4]]


def test_one_that_does_not_accept_keeps_nobody_waiting(listener: socket.socket) -> None:
    shares = Shares()
    first, hanging = shares.take(), shares.take()

    async def held() -> list[int]:
        with accepting(listener, first):
            writers = await connect(listener, 4)
            counts = [first.held, hanging.held]
            await all_closed(writers, first)
        return counts

    assert run(held()) == [4, 0]


def test_who_has_left_does_not_count() -> None:
    shares = Shares()
    first, second = shares.take(), shares.take()
    first.held = 2
    assert not first.is_least()
    second.leave()
    assert first.is_least()
    assert shares.take().held == 0
    assert not first.is_least()
