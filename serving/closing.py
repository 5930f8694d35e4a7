"""Closing a listening socket without a reset for whoever holds a connection to it for made.

The system completes connections before a process accepts them, and resets those that still wait
when the socket closes: a client that was told "connected" then loses a request. So the socket first
stops answering new clients, then what waits is accepted, and then it closes.
"""

from __future__ import annotations

import asyncio
import ctypes
import select
import socket
import struct
import sys
from collections.abc import Sequence
from contextlib import suppress

# asm-generic/socket.h; Python's socket module does not name it
SO_ATTACH_FILTER = 26
# classic BPF (linux/filter.h) over a segment's TCP header: byte 13 holds the flags, 2 is SYN
WITHOUT_SYN = struct.pack(
    "HBBI" * 4,
    *(0x30, 0, 0, 13),  # load the flags
    *(0x45, 0, 1, 2),  # SYN: go on, else skip one
    *(0x06, 0, 0, 0),  # drop the segment
    *(0x06, 0, 0, 0xFFFFFFFF),  # keep it
)
# a handshake that had begun is over by then
HANDSHAKE_SECONDS = 0.05
MOST_SECONDS = 1.0
POLL_SECONDS = 0.01


async def take_the_last(listeners: Sequence[socket.socket]) -> None:
    """Have nobody connect any more; returns once all connections made before are accepted.

    Who connects now is not answered, and refused when it asks again, a second later, where the
    listeners are closed by then. The event loop has to go on accepting meanwhile.
    """
    for listener in listeners:
        _ignore_new(listener)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + MOST_SECONDS
    await asyncio.sleep(HANDSHAKE_SECONDS)
    while _waiting(listeners) and loop.time() < deadline:
        await asyncio.sleep(POLL_SECONDS)


def _ignore_new(listener: socket.socket) -> None:
    if sys.platform != "linux":
        return
    instructions = ctypes.create_string_buffer(WITHOUT_SYN, len(WITHOUT_SYN))
    count = len(WITHOUT_SYN) // struct.calcsize("HBBI")
    program = struct.pack("HP", count, ctypes.addressof(instructions))
    # where a sandbox has no filters, what connects in the last milliseconds may be reset
    with suppress(OSError):
        listener.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)


def _waiting(listeners: Sequence[socket.socket]) -> bool:
    return bool(select.select(listeners, [], [], 0)[0])
