"""Requests once more, where nobody asks: those that were logged lately, or golden ones."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

from adclick.bundle.bundle import ServingBundle
from adclick.errors import AdclickError
from adclick.prediction_log import REPLAYED
from adclick.prediction_log.sample import sample_requests
from adclick.records.reading import Days
from serving.access import environment_access
from serving.client import PredictionClient

MOST_ROWS = 2_000
CONNECTIONS = 2
REFUSED_SECONDS = 0.02


@dataclass(frozen=True)
class Requests:
    """Candidates' features by name, a request each, and where they come from."""

    rows: tuple[Mapping[str, Any], ...]
    source: str


def requests_to_replay(log: str, champion: ServingBundle) -> Requests:
    """What was asked for since yesterday, going by the prediction log at `log`; a sample of it.

    Where nobody asked, the golden requests of the champion: those that clients may send now.
    """
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    rows = sample_requests(log, champion.schema, Days(since=yesterday), MOST_ROWS)
    if rows:
        return Requests(rows, f"{len(rows):,} candidates logged since {yesterday}")
    golden = tuple(request.features for request in champion.golden)
    return Requests(golden, f"{len(golden)} golden requests of version {champion.version}")


class Replay:
    """Sends requests to `url` again and again, under ids that no reader of a log takes for traffic.

    `sent` is how many there were so far.
    """

    def __init__(self, url: str, requests: Requests) -> None:
        self._url = url
        self._requests = requests
        self._name = f"{REPLAYED}{uuid.uuid4().hex}"
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(CONNECTIONS)]
        self.sent = 0

    @property
    def source(self) -> str:
        """Where the requests come from."""
        return self._requests.source

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        with PredictionClient(self._url, access=environment_access()) as client:
            while not self._ended.is_set():
                row, request_id = self._next()
                try:
                    client.predict([row], request_id)
                except AdclickError:
                    # which version it was that refused shows in the servers' metrics
                    self._ended.wait(REFUSED_SECONDS)

    def _next(self) -> tuple[Mapping[str, Any], str]:
        with self._lock:
            row = self._requests.rows[self.sent % len(self._requests.rows)]
            self.sent += 1
            return row, f"{self._name}-{self.sent}"
