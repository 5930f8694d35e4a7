"""Accepting connections so that each of the workers on a listening socket gets as many.

The system wakes all of them for a connection, and an event loop then takes all that wait: eight
connections of a client mostly end up at one of two workers, and the other does nothing.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable

from serving.shares import Share

# how long a worker with fewer connections is waited for, which may be busy or hang
PATIENCE_SECONDS = 0.002
# when a connection could not be accepted: mostly there are too many open files
RETRY_SECONDS = 1.0

log = logging.getLogger(__name__)


class Acceptor:
    """Accepts for one worker: one connection at a time, while no other worker has fewer.

    It is what asyncio calls a server, as far as uvicorn asks it.
    """

    def __init__(
        self, listener: socket.socket, make: Callable[[], asyncio.Protocol], share: Share
    ) -> None:
        self._listener, self._make, self._share = listener, make, share
        self._loop = asyncio.get_running_loop()
        self._paused: asyncio.TimerHandle | None = None
        self._joining: set[asyncio.Task[object]] = set()
        self._file = listener.fileno()
        self._loop.add_reader(self._file, self._ready)

    def close(self) -> None:
        """Accept no more, and close the listener in this process."""
        if self._paused is not None:
            self._paused.cancel()
        self._loop.remove_reader(self._file)
        self._listener.close()

    async def wait_closed(self) -> None:
        """Wait for what was accepted to be served."""
        await asyncio.gather(*self._joining, return_exceptions=True)

    def _ready(self) -> None:
        if self._share.is_least():
            self._accept()
        else:
            self._pause(PATIENCE_SECONDS)

    def _pause(self, seconds: float) -> None:
        self._loop.remove_reader(self._file)
        self._paused = self._loop.call_later(seconds, self._resume)

    def _resume(self) -> None:
        self._paused = None
        self._loop.add_reader(self._file, self._ready)
        self._accept()

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            # another worker was faster, or the client has gone
            return
        except OSError as error:
            log.error("a connection cannot be accepted: %s", error.strerror)
            self._pause(RETRY_SECONDS)
            return
        self._share.held += 1
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        task: asyncio.Task[object] = self._loop.create_task(
            self._loop.connect_accepted_socket(self._make, connection)
        )
        self._joining.add(task)
        task.add_done_callback(self._joining.discard)
