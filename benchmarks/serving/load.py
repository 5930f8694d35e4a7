"""The load, in a process of its own: `python -m benchmarks.serving.load PLAN.json`.

Each client keeps one connection open and asks one request after the other. Without a rate it asks
as soon as it was answered. With a rate, requests are due at random times (a Poisson process) and
wait for a free client; they are timed from when they were due, so that a server that stalls pays
for all that it kept waiting.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import signal
import sys
import time
from array import array
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import httptools
import numpy as np
import uvloop

from serving.options import ADDRESS

ID = b"@id@"
FAILED = 0
NO_ANSWER_SECONDS = 15.0
RETRY_SECONDS = 0.02


@dataclass(frozen=True)
class Load:
    """What to ask: the lines of `bodies` in turn, `ID` in them replaced by `name` and a number.

    Answers are written to the file `answers`: start (Unix time), seconds and status of each
    request, FAILED where the connection failed. The numbers count from 0 in that order.
    """

    port: int
    path: str
    bodies: str
    answers: str
    seconds: float
    clients: int
    rate: float | None = None
    name: str = "load"

    def write(self, path: Path) -> None:
        """Write the plan for a process that carries it out."""
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")


class Connection(asyncio.Protocol):
    """One open connection; `ask` sends a request and gives the status of its answer."""

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._answer: asyncio.Future[int] | None = None
        self.open = False

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Ready to ask."""
        self._transport, self.open = transport, True

    def connection_lost(self, error: Exception | None) -> None:
        """Whatever was not answered has failed."""
        self.open = False
        self._done(FAILED)

    def data_received(self, data: bytes) -> None:
        """Part of an answer."""
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        """An answer is complete."""
        status = self._parser.get_status_code()
        if not self._parser.should_keep_alive():
            self.close()
        self._parser = httptools.HttpResponseParser(self)
        self._done(status)

    def ask(self, request: bytes) -> asyncio.Future[int]:
        """The status of the answer, when it has come."""
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answer

    def close(self) -> None:
        """Close the connection."""
        self.open = False
        self._transport.close()

    def _done(self, status: int) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(status)


class Clients:
    """All clients of a load, and what they were answered."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._requests = requests(load)
        self._due = due_times(load)
        self.starts, self.seconds, self.statuses = array("d"), array("d"), array("i")

    async def run(self) -> None:
        """Ask until the time is over, or SIGTERM comes, and everything is answered."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self._stop)
        self._end = time.perf_counter() + self._load.seconds
        self._wall = time.time() - time.perf_counter()
        self._begin = time.perf_counter()
        await asyncio.gather(*(self._client() for _ in range(self._load.clients)))

    def _stop(self) -> None:
        self._end = time.perf_counter()

    async def _client(self) -> None:
        connection: Connection | None = None
        while (due := self._begin + next(self._due)) < self._end:
            now = time.perf_counter()
            if due > now:
                await asyncio.sleep(due - now)
            if self._load.rate is None:
                if now >= self._end:
                    break
                due = now
            if connection is None or not connection.open:
                connection = await self._connect()
            place = len(self.statuses)
            number, request = next(self._requests)
            assert number == place
            self._note(due)
            status = FAILED
            if connection is not None:
                try:
                    async with asyncio.timeout(NO_ANSWER_SECONDS):
                        status = await connection.ask(request)
                except TimeoutError:
                    connection.close()
            self.seconds[place] = time.perf_counter() - due
            self.statuses[place] = status
            if status == FAILED:
                await asyncio.sleep(RETRY_SECONDS)
        if connection is not None and connection.open:
            connection.close()

    def _note(self, due: float) -> None:
        self.starts.append(self._wall + due)
        self.seconds.append(0.0)
        self.statuses.append(FAILED)

    async def _connect(self) -> Connection | None:
        loop = asyncio.get_running_loop()
        try:
            _, connection = await loop.create_connection(Connection, ADDRESS, self._load.port)
        except OSError:
            return None
        return connection


def requests(load: Load) -> Iterator[tuple[int, bytes]]:
    """Requests as they are sent, numbered, without an end."""
    bodies = Path(load.bodies).read_bytes().splitlines()
    head = f"POST {load.path} HTTP/1.1\r\nHost: {ADDRESS}\r\nContent-Type: application/json\r\n"
    for number, body in enumerate(itertools.cycle(bodies)):
        content = body.replace(ID, f"{load.name}-{number}".encode()) if ID in body else body
        length = f"Content-Length: {len(content)}\r\n\r\n"
        yield number, (head + length).encode() + content


def due_times(load: Load) -> Iterator[float]:
    """Seconds from the begin at which requests are due: at once where there is no rate."""
    if load.rate is None:
        yield from itertools.repeat(0.0)
        return
    draw, due = random.Random(load.name), 0.0
    while True:
        due += draw.expovariate(load.rate)
        yield due


def main() -> None:
    """Carry out the plan in the file that the command line names."""
    clients = Clients(load := Load(**json.loads(Path(sys.argv[1]).read_bytes())))
    uvloop.run(clients.run())
    np.savez(
        load.answers, starts=clients.starts, seconds=clients.seconds, statuses=clients.statuses
    )


if __name__ == "__main__":
    main()
