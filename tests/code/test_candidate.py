from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from adclick.encoding.candidate import parse_candidate
from adclick.errors import RequestError
from tests.logs import COLUMNS, IMAGES, schema_of

SCHEMA = schema_of({**COLUMNS, "ad": IMAGES["ad"]})


def request(**changes: Any) -> dict[str, Any]:
    return {
        "time": "2024-01-05T17:00:00",
        "ad": "ad-1",
        "site": "news",
        "device": "mobile",
        "age": "18-30",
        "bid": 1.5,
        "offset": -2,
        **changes,
    }


def test_a_good_request_is_typed() -> None:
    assert parse_candidate(SCHEMA, request()) == {
        "time": datetime(2024, 1, 5, 17, tzinfo=UTC),
        "ad": "ad-1",
        "site": "news",
        "device": "mobile",
        "age": "18-30",
        "bid": 1.5,
        "offset": -2.0,
    }


@pytest.mark.parametrize("missing", [{}, {"age": None}, {"age": ""}, {"age": "  "}])
def test_defaults_stand_in_for_what_is_missing(missing: dict[str, Any]) -> None:
    row = {name: value for name, value in request().items() if name not in ("age", "offset")}
    parsed = parse_candidate(SCHEMA, row | missing)
    assert (parsed["age"], parsed["offset"]) == ("unknown", 0.5)


@pytest.mark.parametrize("creative", [{"ad": None}, {}])
def test_a_creative_may_be_unknown(creative: dict[str, Any]) -> None:
    row = {name: value for name, value in request().items() if name != "ad"}
    assert parse_candidate(SCHEMA, row | creative)["ad"] is None


def test_whole_numbers_are_categories_too() -> None:
    assert parse_candidate(SCHEMA, request(site=1005))["site"] == "1005"


@pytest.mark.parametrize(("name", "value"), [("site", " news "), ("ad", "ad-1\t"), ("age", "\n7")])
def test_spaces_around_text_do_not_count(name: str, value: str) -> None:
    assert parse_candidate(SCHEMA, request(**{name: value}))[name] == value.strip()


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("time", None, "is missing"),
        ("time", "yesterday", "is no time of the format 'iso'"),
        ("time", 5, "is no time"),
        ("ad", "", "is no creative id"),
        ("ad", " ", "is no creative id"),
        ("ad", 7, "is no creative id"),
        ("site", "", "is missing"),
        ("site", " ", "is missing"),
        ("site", 1.5, "is no text"),
        ("site", False, "is no text"),
        ("site", "\ud800", "is no text"),
        ("device", "fridge", "is none of desktop, mobile"),
        ("bid", None, "is missing"),
        ("bid", "1.5", "is no number"),
        ("bid", True, "is no number"),
        ("bid", float("nan"), "is not finite"),
        ("bid", float("inf"), "is not finite"),
        ("bid", 10**400, "is too large a number"),
        ("offset", -3.5e38, "is too large a number"),
        ("bid", -0.1, "is below 0"),
        ("bid", 101, "is above 100"),
    ],
)
def test_a_bad_value_is_refused_with_row_and_column(name: str, value: Any, problem: str) -> None:
    with pytest.raises(RequestError) as caught:
        parse_candidate(SCHEMA, request(**{name: value}), number=3)
    assert str(caught.value).startswith(f"row 3: column {name!r} {problem}")


@pytest.mark.parametrize("name", ["colour", "id", "clicked", "x" * 10_000])
def test_an_unknown_column_is_refused_in_a_short_message(name: str) -> None:
    with pytest.raises(RequestError, match="unknown column") as caught:
        parse_candidate(SCHEMA, request(**{name: 1}))
    assert len(str(caught.value)) < 200
