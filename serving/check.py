"""The trial of a bundle before it may be promoted: its own server, asked what is known offline."""

from __future__ import annotations

import base64
import io
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

import numpy as np
from PIL import Image

from adclick.arrays import Float64, UInt8
from adclick.bundle.bundle import ServingBundle
from adclick.errors import AdclickError
from adclick.evaluation.replay import Replay
from adclick.evaluation.serving import ServingFigures
from serving.client import PredictionClient
from serving.skew import explain_skew
from serving.temporary import temporary_server

MANY = 128
MANY_REQUESTS = 100
ROUNDS = 5
PART_SECONDS = 10.0
TOLERANCE = 1e-5
NEW = "-as-new"

type Asked = tuple[list[int], list[dict[str, Any]]]


@dataclass(frozen=True)
class _Answer:
    """What a request for these rows of the replay got: scores, or the reason why none."""

    rows: list[int]
    seconds: float
    scores: tuple[float, ...] = ()
    failure: str = ""


def check_serving(
    bundle: ServingBundle, replay: Replay, part_seconds: float = PART_SECONDS
) -> ServingFigures:
    """Start the bundle's server, replay requests over HTTP, and compare with the offline scores.

    Each row is asked for alone, among `MANY` candidates (rows repeat where they are fewer), and
    some with their creative's image under an id that no bundle knows. Latencies are those of one
    client after the other; a percentile is the median over `ROUNDS` rounds, so that a hiccup of the
    machine does not decide. A server that is too slow for the `part_seconds` of either kind of
    request is asked less. Raises AdclickError when it does not start.
    """
    with temporary_server(bundle) as server, PredictionClient(server.url) as client:
        single = _ask(client, _alone(replay), part_seconds)
        many = _ask(client, _among_many(replay), part_seconds)
        new = _ask(client, _as_new(bundle, replay), part_seconds)
        memory = server.memory()
    answers = [*single, *many, *new]
    failed = [answer for answer in answers if not answer.scores]
    row, served, skew = _worst(answers, replay.scores)
    return ServingFigures(
        version=bundle.version,
        requests=len(answers),
        failed=len(failed),
        failure=failed[0].failure if failed else "",
        max_skew=skew,
        skew=explain_skew(bundle, replay, row, served) if skew > TOLERANCE else "",
        p50_ms=_percentile(single, 50),
        p99_ms=_percentile(single, 99),
        many=MANY,
        many_p50_ms=_percentile(many, 50),
        many_p99_ms=_percentile(many, 99),
        memory_mb=memory / 1e6,
        size_mb=sum(file.stat().st_size for file in bundle.path.iterdir()) / 1e6,
    )


def _alone(replay: Replay) -> Iterator[Asked]:
    return (([row], [dict(request)]) for row, request in enumerate(replay.requests))


def _among_many(replay: Replay) -> Iterator[Asked]:
    rows = cycle(range(len(replay.requests)))
    for _ in range(max(MANY_REQUESTS, -(-len(replay.requests) // MANY))):
        chosen = list(islice(rows, MANY))
        yield chosen, [dict(replay.requests[row]) for row in chosen]


def _as_new(bundle: ServingBundle, replay: Replay) -> Iterator[Asked]:
    creative, image = bundle.schema.creative, bundle.schema.image
    if replay.images is None or creative is None or image is None:
        return
    rows = list(range(len(replay.images)))
    sent = [
        {
            **replay.requests[row],
            creative: f"{replay.requests[row][creative]}{NEW}",
            image: _png(replay.images[row]),
        }
        for row in rows
    ]
    yield rows, sent


def _png(pixels: UInt8) -> str:
    """The image without loss, so that what the server decodes is what was embedded offline."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def _ask(client: PredictionClient, requests: Iterable[Asked], seconds: float) -> list[_Answer]:
    deadline = time.monotonic() + seconds
    answers: list[_Answer] = []
    for rows, sent in requests:
        if answers and time.monotonic() > deadline:
            break
        start = time.perf_counter()
        try:
            scores, failure = client.predict(sent).scores, ""
        except AdclickError as error:
            scores, failure = (), str(error)
        seconds_taken = time.perf_counter() - start
        if len(scores) not in (0, len(rows)):
            scores, failure = (), f"{len(rows)} candidates got {len(scores)} scores"
        answers.append(_Answer(rows, seconds_taken, scores, failure))
    return answers


def _worst(answers: Sequence[_Answer], offline: Float64) -> tuple[int, float, float]:
    """Row, served score and difference of the score that is furthest from its offline one."""
    rows = [row for answer in answers if answer.scores for row in answer.rows]
    if not rows:
        return 0, 0.0, 0.0
    served = np.array([score for answer in answers for score in answer.scores])
    gaps = np.abs(served - offline[rows])
    worst = int(gaps.argmax())
    return rows[worst], float(served[worst]), float(gaps[worst])


def _percentile(answers: Sequence[_Answer], percent: float) -> float:
    """Milliseconds that so many per cent of requests took at most: the median over rounds."""
    rounds = np.array_split(np.array([answer.seconds for answer in answers]), ROUNDS)
    found = [np.percentile(one, percent, method="higher") for one in rounds if len(one)]
    return float(np.median(found) * 1e3)
