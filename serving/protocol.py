"""Seldon's v1 messages: candidates out of a request, scores into its answer."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adclick.encoding.sent import Row, Sent, SentColumns, SentRows
from adclick.errors import RequestError

MAX_CANDIDATES = 1000
SCORE_NAME = "click_probability"
REQUEST_ID = re.compile(r"[!-~]{1,128}")


@dataclass(frozen=True)
class PredictionRequest:
    """Candidates to score, as they were sent.

    `tabular` says that they came as `data.ndarray`, and that scores go back as such. Upstream
    nodes of a Seldon graph have noted themselves in `path`.
    """

    sent: Sent
    request_id: str
    tabular: bool
    path: Mapping[str, str]


def read_request(message: object) -> PredictionRequest:
    """What a decoded request body asks for.

    Raises RequestError for a body that is neither `data.names` with `data.ndarray` nor
    `jsonData`, for ragged rows, and for none or more than MAX_CANDIDATES candidates.
    """
    if not isinstance(message, dict):
        raise RequestError("the body is no JSON object with data or jsonData")
    tabular = "data" in message
    if tabular == ("jsonData" in message):
        raise RequestError("the body needs either data (names and ndarray) or jsonData")
    sent = _table(message["data"]) if tabular else _objects(message["jsonData"])
    check_count(len(sent))
    meta = message.get("meta") or {}
    if not isinstance(meta, dict):
        raise RequestError("meta is no object")
    path = meta.get("requestPath")
    return PredictionRequest(
        sent,
        request_id(meta.get("puid"), "meta.puid"),
        tabular,
        path if isinstance(path, dict) else {},
    )


def write_answer(
    request: PredictionRequest, scores: Sequence[float], tags: Mapping[str, Any], path: Row
) -> dict[str, Any]:
    """The answer's message, of the same kind as the request: scores[i] belongs to row i."""
    meta: dict[str, Any] = {"puid": request.request_id, "tags": dict(tags)}
    if request_path := {**path, **request.path}:
        meta["requestPath"] = request_path
    if request.tabular:
        table = {"names": [SCORE_NAME], "ndarray": [[score] for score in scores]}
        return {"data": table, "meta": meta}
    return {"jsonData": {SCORE_NAME: list(scores)}, "meta": meta}


def check_count(candidates: int) -> None:
    """Raise RequestError unless a request may hold so many candidates."""
    if not 1 <= candidates <= MAX_CANDIDATES:
        raise RequestError(f"a request holds 1 to {MAX_CANDIDATES} candidates, not {candidates}")


def request_id(sent: object, field: str) -> str:
    """The id that came in `field`, or a new one; raises RequestError for one that is no id."""
    if sent is None or sent == "":
        return uuid.uuid4().hex
    if not isinstance(sent, str) or not REQUEST_ID.fullmatch(sent):
        raise RequestError(f"{field} is no id of 1 to 128 printable ASCII characters")
    return sent


def _table(data: object) -> SentColumns:
    names = data.get("names") if isinstance(data, dict) else None
    values = data.get("ndarray") if isinstance(data, dict) else None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise RequestError("data.names is no list of column names")
    if len(set(names)) < len(names):
        raise RequestError("data.names holds a column twice")
    if not isinstance(values, list):
        raise RequestError("data.ndarray is no list of rows")
    for number, row in enumerate(values):
        if not isinstance(row, list):
            raise RequestError(f"row {number}: is no list of values")
        if len(row) != len(names):
            raise RequestError(f"row {number}: has {len(row)} values for {len(names)} data.names")
    columns = zip(*values, strict=True) if values else [()] * len(names)
    return SentColumns(dict(zip(names, columns, strict=True)), len(values))


def _objects(candidates: object) -> SentRows:
    rows = candidates if isinstance(candidates, list) else [candidates]
    for number, row in enumerate(rows):
        if not isinstance(row, dict):
            raise RequestError(f"row {number}: is no object of features by name")
    return SentRows(rows)
