"""Sending an ad log's rows to a server, as an ad service would."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from adclick.encoding.requests import features
from adclick.errors import AdclickError
from adclick.schema import Schema
from adclick.traffic import TrafficReport
from serving.access import Access, environment_access
from serving.client import Prediction, PredictionClient


def send_traffic(
    url: str, schema: Schema, rows: Sequence[dict[str, Any]], connections: int
) -> TrafficReport:
    """Ask for the score of each row under its impression id; returns once all are answered.

    A key or token for the API comes from the environment. Raises AdclickError for the first request
    that is not answered with a score.
    """
    if not rows:
        raise AdclickError("there is no row to send")
    access = environment_access()
    shares = [rows[start::connections] for start in range(min(connections, len(rows)))]
    with ThreadPoolExecutor(len(shares)) as pool:
        asked = pool.map(lambda share: list(_ask(url, schema, share, access)), shares)
        answers = [answer for share in asked for answer in share]
    p50, p99 = np.percentile([seconds * 1e3 for _, seconds in answers], (50, 99))
    return TrafficReport(
        url=url,
        versions=dict(Counter(answer.version for answer, _ in answers)),
        requests=len(answers),
        mean_score=float(np.mean([answer.scores[0] for answer, _ in answers])),
        p50_ms=float(p50),
        p99_ms=float(p99),
    )


def _ask(
    url: str, schema: Schema, rows: Sequence[dict[str, Any]], access: Access
) -> Iterator[tuple[Prediction, float]]:
    with PredictionClient(url, access=access) as client:
        for row in rows:
            start = time.perf_counter()
            answer = client.predict([features(schema, row)], row[schema.id])
            yield answer, time.perf_counter() - start
