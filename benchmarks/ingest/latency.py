"""A proxy that every request reaches late: `python -m benchmarks.ingest.latency PORT TO SECONDS`.

It listens on PORT of this machine and passes on to port TO.
"""

from __future__ import annotations

import asyncio
import sys

from serving.options import ADDRESS

CHUNK = 1 << 18


async def serve(port: int, to: int, seconds: float) -> None:
    """Pass connections on until the process ends."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, onward = await asyncio.open_connection(ADDRESS, to)
        await asyncio.gather(_pass(reader, onward, seconds), _pass(there, writer, 0))

    server = await asyncio.start_server(connected, ADDRESS, port)
    await server.serve_forever()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, wait: float) -> None:
    try:
        while data := await reader.read(CHUNK):
            if wait:
                await asyncio.sleep(wait)
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        # the other side has closed: so does this one
        pass
    finally:
        writer.close()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
