"""Feedback messages: what they tell, what is refused, and that it lies in the log."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from adclick.errors import RequestError
from adclick.feedback import Feedback, FeedbackLogWriter, feedback_root
from adclick.prediction_log.names import CANDIDATE, CLICKED, CLICKED_AT, REQUEST
from adclick.records import writer as records
from adclick.records.reading import read_records
from serving.errors import ServerError
from serving.feedback import accept_feedback, read_feedback

ANSWER = {"meta": {"puid": "r1"}}
ITEM = {"request_id": "r1", "candidate": 2, "clicked": 1, "time": "2026-04-13T00:00:01Z"}
AT = 1_776_038_401_000_000


def items(*changes: dict[str, Any]) -> dict[str, Any]:
    return {"truth": {"jsonData": [{**ITEM, **change} for change in changes]}}


def truth(*values: object, response: dict[str, Any] = ANSWER) -> dict[str, Any]:
    return {"response": response, "truth": {"data": {"ndarray": list(values)}}}


TOLD: list[tuple[dict[str, Any], list[Feedback]]] = [
    ({"response": ANSWER, "reward": 1}, [Feedback("r1", 0, True)]),
    ({"response": ANSWER, "reward": 0.0}, [Feedback("r1", 0, False)]),
    # Seldon's client leaves a reward of 0 out
    ({"response": ANSWER}, [Feedback("r1", 0, False)]),
    (
        {"request": {}, "response": {**ANSWER, "data": {"ndarray": [[0.5]]}}, "reward": 1},
        [Feedback("r1", 0, True)],
    ),
    (truth(0, 1), [Feedback("r1", 0, False), Feedback("r1", 1, True)]),
    (truth([None], [1.0], [0]), [Feedback("r1", 1, True), Feedback("r1", 2, False)]),
    (items({}), [Feedback("r1", 2, True, AT)]),
    (
        items({"clicked": False, "time": "2026-04-13T02:00:01+02:00"}, {"time": None}),
        [Feedback("r1", 2, False, AT), Feedback("r1", 2, True)],
    ),
]


@pytest.mark.parametrize(("message", "told"), TOLD, ids=lambda value: str(value)[:60])
def test_each_form_tells_clicks_and_no_clicks(
    message: dict[str, Any], told: list[Feedback]
) -> None:
    assert read_feedback(message) == told


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ([], "the body is no JSON object"),
        ({"reward": 1}, r"response\.meta\.puid is no id"),
        ({"response": {"meta": {"puid": "a b"}}}, r"response\.meta\.puid is no id"),
        ({"response": ANSWER, "reward": 0.5}, "reward is neither 0 nor 1"),
        ({"response": ANSWER, "reward": None}, "reward is neither 0 nor 1"),
        ({"response": ANSWER, "reward": math.nan}, "reward is neither 0 nor 1"),
        ({"response": ANSWER, "rewards": 1}, "feedback: has 'rewards'"),
        (
            {"response": {**ANSWER, "jsonData": {"click_probability": [0.1, 0.2]}}, "reward": 1},
            "which of 2 candidates",
        ),
        ({"response": ANSWER, "truth": 1}, "truth has neither jsonData nor data"),
        ({"response": ANSWER, "truth": {"data": {"tensor": {}}}}, "truth has neither"),
        (truth(), "truth holds 1 to 1,000 values, not 0"),
        (truth(0, "1"), "candidate 1: truth is neither 0 nor 1"),
        (
            truth(0, response={**ANSWER, "data": {"ndarray": [[0.1], [0.2]]}}),
            "1 values for 2 candidates",
        ),
        ({"truth": {"jsonData": {}}}, "no list of feedback items"),
        ({"truth": {"jsonData": [1]}}, "item 0: is no object"),
        (items({}, {"request_id": 7}), "item 1: request_id is no id"),
        (items({}, {"candidate": 1000}), "item 1: candidate is no whole number from 0 to 999"),
        (items({"candidate": True}), "item 0: candidate is no whole number"),
        (items({"clicked": 2}), "item 0: clicked is neither 0 nor 1"),
        (items({"clicked": None}), "item 0: clicked is neither 0 nor 1"),
        (items({"time": "yesterday"}), "item 0: time is no time"),
        (items({"time": 17}), "item 0: time is no time"),
        (items({"colour": "red"}), "item 0: has 'colour'"),
        (items(*[{}] * 10_001), "truth holds 1 to 10,000 values"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_bad_messages_are_refused_whole_by_item_and_field(
    tmp_path: Path, message: object, words: str
) -> None:
    writer = FeedbackLogWriter(tmp_path)
    with pytest.raises(RequestError, match=words):
        accept_feedback(message, writer)
    writer.close()
    assert not list(tmp_path.iterdir())


def test_what_was_accepted_is_in_the_log(tmp_path: Path) -> None:
    root = feedback_root(f"{tmp_path}/")
    writer = FeedbackLogWriter(root)
    assert accept_feedback(items({}, {"clicked": 0}), writer) == {"meta": {"tags": {"accepted": 2}}}
    writer.close()
    columns = [REQUEST, CANDIDATE, CLICKED, CLICKED_AT]
    rows = [row for table in read_records(root, columns) for row in table.to_pylist()]
    assert [row[CLICKED] for row in rows] == [True, False]
    assert {(row[REQUEST], row[CANDIDATE], row[CLICKED_AT].timestamp()) for row in rows} == {
        ("r1", 2, AT / 1e6)
    }


def test_what_the_log_has_no_room_for_is_to_be_sent_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "MOST_WAITING", 1)
    writer = FeedbackLogWriter(tmp_path)
    with pytest.raises(ServerError, match="send this again later") as refused:
        accept_feedback(items({}, {}), writer)
    assert (refused.value.code, writer.dropped) == (503, 2)
    writer.close()
