"""Clients that ask one server again and again, and what they were answered."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from adclick.errors import AdclickError
from serving.access import Access
from serving.client import NOTHING, PredictionClient
from tests.bundles import example
from tests.servers import wait_until

# four clients then take a fifth of a core, and leave the rest to what is tested
PAUSE = 0.01


@dataclass
class Load:
    """What the clients saw so far."""

    url: str
    access: Access = NOTHING
    answers: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    slowest: float = 0.0
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def asked(self) -> int:
        """How many requests were answered, well or not."""
        return sum(self.answers.values()) + len(self.failures)

    def wait_for_more(self, count: int) -> None:
        """Return once so many more requests were answered well."""
        before = sum(self.answers.values())
        wait_until(lambda: sum(self.answers.values()) >= before + count, f"{count} more answers")

    def ask(self) -> None:
        """Ask until told to end."""
        with PredictionClient(self.url, timeout=30, access=self.access) as client:
            while not self.ended.wait(PAUSE):
                start = time.perf_counter()
                try:
                    self.answers[client.predict([example()]).version] += 1
                except AdclickError as error:
                    self.failures.append(str(error))
                self.slowest = max(self.slowest, time.perf_counter() - start)


@contextmanager
def load(url: str, clients: int = 4, access: Access = NOTHING) -> Iterator[Load]:
    """Inside of this so many clients ask `url`; afterwards no request may have failed."""
    seen = Load(url, access)
    threads = [threading.Thread(target=seen.ask) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        seen.ended.set()
        for thread in threads:
            thread.join()
    assert not seen.failures, seen.failures[:3]
