"""JSON bodies: read as Python's own decoder reads them, and answered once."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adclick.errors import RequestError
from serving.errors import ServerError
from serving.http import json_answer

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


def refused(body: bytes) -> list[Any]:
    """What a model that refuses everything is asked for this body."""
    seen: list[Any] = []

    def refuse(content: object) -> object:
        seen.append(content)
        raise RequestError("no")

    with pytest.raises(RequestError):
        json_answer(body, refuse)
    return seen


@given(VALUES)
@example({"site": 2**63 - 1, "other": 2**64 - 1})
@example({"site": 2**64})
@example([-(2**63), -(2**70)])
@example("\ud800")
@example(float("nan"))
def test_what_is_refused_is_refused_as_it_was_sent(value: Any) -> None:
    body = json.dumps(value).encode()
    assert repr(refused(body)[-1]) == repr(json.loads(body))


@pytest.mark.parametrize(
    ("body", "times"),
    [
        (b'{"jsonData": [{"age": 500}]}', 1),
        (b'{"jsonData": [{"age": 500.12345678901234567890}]}', 1),
        (b'{"site": 123456789012345678}', 1),
        (b'{"site": 12345678901234567890123}', 2),
    ],
)
def test_a_refused_request_is_asked_once(body: bytes, times: int) -> None:
    assert len(refused(body)) == times


def test_what_is_no_json_is_never_asked() -> None:
    def never(_: object) -> object:
        raise AssertionError

    for body in (b"", b"{", b"1" * 5_000, b"[" * 100_000):
        with pytest.raises(ServerError, match="the body is no JSON"):
            json_answer(body, never)


def test_a_good_request_is_answered_once() -> None:
    asked: list[object] = []
    assert json_answer(b"[1]", lambda content: asked.append(content) or {"a": 1}).body == b'{"a":1}'
    assert asked == [[1]]
