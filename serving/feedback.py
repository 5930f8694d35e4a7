"""Seldon's Feedback messages: which candidates of which answers were clicked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from adclick.errors import RequestError
from adclick.feedback import Feedback, FeedbackLogWriter
from adclick.times import EPOCH, parse_time
from serving.errors import NOT_READY, ServerError
from serving.protocol import MAX_CANDIDATES, REQUEST_ID, SCORE_NAME

MAX_FEEDBACK = 10_000
MICROSECOND = timedelta(microseconds=1)
KEYS = ("request", "response", "reward", "truth")
ITEM_KEYS = ("request_id", "candidate", "clicked", "time")


def accept_feedback(message: object, writer: FeedbackLogWriter) -> dict[str, Any]:
    """Log what a decoded Feedback message tells, all of it or none, and answer how much it was.

    Raises RequestError, which names the item and its field, for a message that is none, and
    ServerError (503) where the log has no room.
    """
    feedback = read_feedback(message)
    if not writer.append(feedback):
        text = "the feedback log has no room: send this again later"
        raise ServerError(text, 503, "log_full", NOT_READY)
    return {"meta": {"tags": {"accepted": len(feedback)}}}


def read_feedback(message: object) -> list[Feedback]:
    """The feedback in a message, in one of three forms.

    `truth.jsonData` is a list of items with request_id, candidate, clicked and, optionally, time;
    `truth.data.ndarray` has 0, 1 or null (nothing is known) for each candidate of the answer whose
    id is `response.meta.puid`; without a truth `reward` is that of the answer's only candidate. A
    reward that is left out is 0: Seldon's client, and protocol buffers, leave it out then.
    """
    if not isinstance(message, dict):
        raise RequestError("the body is no JSON object with response and reward, or truth")
    _check_keys(message, KEYS, "feedback")
    truth = message.get("truth")
    if truth is None:
        return _rewarded(message)
    if isinstance(truth, dict) and "jsonData" in truth:
        return _items(truth["jsonData"])
    data = truth.get("data") if isinstance(truth, dict) else None
    values = data.get("ndarray") if isinstance(data, dict) else None
    if not isinstance(values, list):
        raise RequestError("truth has neither jsonData nor data.ndarray, as a list")
    return _by_candidate(message, values)


def _rewarded(message: dict[str, Any]) -> list[Feedback]:
    puid, candidates = _answer(message)
    if candidates is not None and candidates != 1:
        raise RequestError(
            f"reward does not say which of {candidates} candidates it is for: send truth"
        )
    return [Feedback(puid, 0, _clicked(message.get("reward", 0), "reward"))]


def _by_candidate(message: dict[str, Any], values: Sequence[object]) -> list[Feedback]:
    puid, candidates = _answer(message)
    if len(values) != (candidates or len(values)):
        raise RequestError(
            f"truth.data.ndarray has {len(values)} values for {candidates} candidates"
        )
    _check_count(len(values), MAX_CANDIDATES)
    told = []
    for number, value in enumerate(values):
        cell = value[0] if isinstance(value, list) and len(value) == 1 else value
        if cell is not None:
            clicked = _clicked(cell, f"candidate {number}: truth")
            told.append(Feedback(puid, number, clicked))
    return told


def _items(items: object) -> list[Feedback]:
    if not isinstance(items, list):
        raise RequestError("truth.jsonData is no list of feedback items")
    _check_count(len(items), MAX_FEEDBACK)
    return [_item(item, f"item {number}") for number, item in enumerate(items)]


def _item(item: object, place: str) -> Feedback:
    if not isinstance(item, dict):
        raise RequestError(f"{place}: is no object with {', '.join(ITEM_KEYS)}")
    _check_keys(item, ITEM_KEYS, place)
    candidate = item.get("candidate")
    if type(candidate) is not int or not 0 <= candidate < MAX_CANDIDATES:
        raise RequestError(f"{place}: candidate is no whole number from 0 to {MAX_CANDIDATES - 1}")
    clicked = _clicked(item.get("clicked"), f"{place}: clicked")
    return Feedback(
        _id(item.get("request_id"), f"{place}: request_id"),
        candidate,
        clicked,
        _microseconds(item.get("time"), place),
    )


def _answer(message: dict[str, Any]) -> tuple[str, int | None]:
    """The answer's id, and of how many candidates it is where it came along."""
    response = message.get("response")
    meta = response.get("meta") if isinstance(response, dict) else None
    puid = meta.get("puid") if isinstance(meta, dict) else None
    known = _id(puid, "response.meta.puid")
    assert isinstance(response, dict)
    for part, name in (("data", "ndarray"), ("jsonData", SCORE_NAME)):
        content = response.get(part)
        if isinstance(content, dict) and isinstance(content.get(name), list):
            return known, len(content[name])
    return known, None


def _check_keys(content: Mapping[Any, Any], keys: Sequence[str], place: str) -> None:
    unknown = next((key for key in content if key not in keys), None)
    if unknown is not None:
        # shortened: the name is the client's, and messages reach logs
        raise RequestError(f"{place}: has {unknown[:60]!r}, where there may be {', '.join(keys)}")


def _check_count(count: int, most: int) -> None:
    if not 1 <= count <= most:
        raise RequestError(f"truth holds 1 to {most:,} values, not {count:,}")


def _clicked(value: object, field: str) -> bool:
    if not isinstance(value, bool | int | float) or value not in (0, 1):
        raise RequestError(f"{field} is neither 0 nor 1")
    return value == 1


def _id(value: object, field: str) -> str:
    if not isinstance(value, str) or not REQUEST_ID.fullmatch(value):
        raise RequestError(f"{field} is no id of 1 to 128 printable ASCII characters")
    return value


def _microseconds(value: object, place: str) -> int | None:
    if value is None:
        return None
    try:
        return (parse_time(value, "iso") - EPOCH) // MICROSECOND
    except (ValueError, OverflowError):
        raise RequestError(f"{place}: time is no time such as 2026-04-13T00:06:31Z") from None
