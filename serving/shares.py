"""How many connections each worker of a server holds, in memory that all of them see."""

from __future__ import annotations

import mmap
from struct import calcsize

NOBODY = -1
COUNT = "q"
MOST_WORKERS = 128


class Shares:
    """A place for each worker, made before the first fork; `take` and `leave` are the master's."""

    def __init__(self) -> None:
        # anonymous memory is the same in all processes that are forked later
        memory = mmap.mmap(-1, MOST_WORKERS * calcsize(COUNT))
        self._counts = memoryview(memory).cast(COUNT)
        for place in range(MOST_WORKERS):
            self._counts[place] = NOBODY

    def take(self) -> Share:
        """A place for a worker that is about to be forked."""
        place = self._counts.tolist().index(NOBODY)
        self._counts[place] = 0
        return Share(self._counts, place)


class Share:
    """A worker's place."""

    def __init__(self, counts: memoryview[int], place: int) -> None:
        self._counts, self._place = counts, place

    @property
    def held(self) -> int:
        """How many connections the worker holds."""
        return self._counts[self._place]

    @held.setter
    def held(self, connections: int) -> None:
        self._counts[self._place] = connections

    def is_least(self) -> bool:
        """Whether no other worker holds fewer."""
        return self.held <= min(count for count in self._counts if count != NOBODY)

    def leave(self) -> None:
        """Free the place of a worker that has ended."""
        self._counts[self._place] = NOBODY


class Held[T](set[T]):
    """A worker's open connections, counted in its share."""

    def __init__(self, share: Share) -> None:
        super().__init__()
        self._share = share

    def add(self, connection: T) -> None:
        """Count a connection."""
        super().add(connection)
        self._share.held = len(self)

    def discard(self, connection: T) -> None:
        """Count one no more."""
        super().discard(connection)
        self._share.held = len(self)
