"""A worker process of the server: uvicorn under gunicorn, which ends without failing a request."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import sys
from typing import Any

from gunicorn.arbiter import Arbiter
from uvicorn.config import Config
from uvicorn.server import Server
from uvicorn_worker import UvicornWorker

from serving.accepting import Acceptor
from serving.closing import take_the_last
from serving.connection import Connection
from serving.shares import Held, Share

# how long a connection that is open but idle is kept for a last request, which is told to close it
IDLE_SECONDS = 1.0
POLL_SECONDS = 0.02


class Worker(UvicornWorker):  # type: ignore[misc]
    """A gunicorn worker that runs uvicorn on its C event loop and parser, and drains at its end."""

    # set before the fork
    share: Share

    CONFIG_KWARGS: dict[str, Any] = {  # noqa: RUF012
        "loop": "uvloop",
        "http": Connection,
        "ws": "none",
        "lifespan": "on",
        "access_log": False,
        "server_header": False,
        "proxy_headers": False,
    }

    async def _serve(self) -> None:
        self.config.app = self.wsgi
        server = WorkerServer(self.config, self.ppid, self.share)
        self._install_sigquit_handler()
        # the loaded model stays: to look through it for garbage takes 20 ms of a request's time
        gc.collect()
        gc.freeze()
        await server.serve(sockets=self.sockets)
        if not server.started:
            sys.exit(Arbiter.WORKER_BOOT_ERROR)


class WorkerServer(Server):
    """A uvicorn server that takes its share of the connections, as one of several.

    It lets clients close their connections before it closes them itself. It ends with its master,
    too: uvicorn's own would go on without one.
    """

    def __init__(self, config: Config, master: int, share: Share) -> None:
        super().__init__(config)
        self._master, self._share = master, share
        self.server_state.connections = Held(share)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept."""
        await super().startup(sockets=[])
        self.servers = [Acceptor(one, self._connection, self._share) for one in sockets or []]  # type: ignore[misc]

    def _connection(self) -> asyncio.Protocol:
        return Connection(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )

    async def on_tick(self, counter: int) -> bool:
        """Whether to end now."""
        return await super().on_tick(counter) or os.getppid() != self._master

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer what was begun, and what comes on open connections within IDLE_SECONDS."""
        self.config.app.draining = True  # type: ignore[union-attr]
        await take_the_last(sockets or [])
        for server in self.servers:
            server.close()
        deadline = asyncio.get_running_loop().time() + IDLE_SECONDS
        while self.server_state.connections and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(POLL_SECONDS)
        await super().shutdown(sockets)
