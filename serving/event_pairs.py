"""Requests and answers that arrive one by one, paired to rows of the prediction log."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adclick.columns import LONGEST_VALUE
from adclick.encoding.sent import SentColumns
from adclick.errors import RequestError
from adclick.prediction_log import PredictionLogWriter
from serving.protocol import REQUEST_ID, SCORE_NAME, read_request

MOST_WAITING = 50_000  # candidates

Key = tuple[str, ...]


@dataclass(frozen=True)
class AnsweredScores:
    """An answer: its own id, if it has one, and the score of each candidate."""

    request_id: str | None
    model_version: str
    scores: Sequence[float]

    def __len__(self) -> int:
        return len(self.scores)


def asked_candidates(message: object) -> SentColumns:
    """The candidates that a request asks for; raises RequestError where it is none.

    Text that is longer than any feature's is left out: images are no part of the log.
    """
    sent = read_request(message).sent
    columns = {name: [_logged(value) for value in sent.values(name)] for name in sent.names()}
    return SentColumns(columns, len(sent))


def answered_scores(message: object) -> AnsweredScores:
    """The scores in an answer; raises RequestError where it is none of a click model's."""
    content = message if isinstance(message, dict) else {}
    meta = _object(content.get("meta"))
    version = _object(meta.get("tags")).get("model_version")
    scores = _object(content.get("jsonData")).get(SCORE_NAME)
    if scores is None:
        rows = _object(content.get("data")).get("ndarray")
        scores = [_only(row) for row in rows] if isinstance(rows, list) else None
    if not isinstance(version, str) or not isinstance(scores, list):
        raise RequestError("an answer has meta.tags.model_version and click probabilities")
    if not all(type(score) in (int, float) for score in scores):
        raise RequestError("a click probability is no number")
    puid = meta.get("puid")
    known = isinstance(puid, str) and REQUEST_ID.fullmatch(puid) is not None
    return AnsweredScores(puid if known else None, version, [float(score) for score in scores])


class EventPairs:
    """Logs a request with its answer once both are there, whichever comes first.

    What waits for its other half is bounded: of more than MOST_WAITING candidates the oldest are
    given up, and `unpaired` is called with the kind of each. A process that ends loses what waits.
    """

    def __init__(self, log: PredictionLogWriter, unpaired: Callable[[str], None]) -> None:
        self._log, self._unpaired = log, unpaired
        self._waiting: dict[tuple[str, Key], Any] = {}
        self._count = 0

    def request(self, key: Key, asked: SentColumns) -> bool:
        """Take a request; returns False where the log has no room for the pair."""
        answer = self._partner("response", key)
        if answer is None:
            self._wait("request", key, asked)
            return True
        return self._pair(key, asked, answer)

    def answer(self, key: Key, answer: AnsweredScores) -> bool:
        """Take an answer; returns False where the log has no room for the pair."""
        asked = self._partner("request", key)
        if asked is None:
            self._wait("response", key, answer)
            return True
        return self._pair(key, asked, answer)

    def _pair(self, key: Key, asked: SentColumns, answer: AnsweredScores) -> bool:
        if len(asked) != len(answer):
            raise RequestError(f"{len(answer)} click probabilities for {len(asked)} candidates")
        # what the client got is the answer's own id, and what it will send feedback on
        request_id = answer.request_id or key[0]
        return self._log.append(request_id, answer.model_version, asked.columns, answer.scores)

    def _partner(self, kind: str, key: Key) -> Any:
        half = self._waiting.pop((kind, key), None)
        self._count -= 0 if half is None else len(half)
        return half

    def _wait(self, kind: str, key: Key, half: SentColumns | AnsweredScores) -> None:
        # sent twice, the later one stands
        self._partner(kind, key)
        self._waiting[kind, key] = half
        self._count += len(half)
        while self._count > MOST_WAITING:
            oldest = next(iter(self._waiting))
            self._partner(*oldest)
            self._unpaired(oldest[0])


def _logged(value: object) -> object:
    return None if isinstance(value, str) and len(value) > LONGEST_VALUE else value


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _only(row: object) -> object:
    return row[0] if isinstance(row, list) and len(row) == 1 else row
