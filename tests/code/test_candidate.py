from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adclick.encoding.candidate import parse_candidates, read_candidates
from adclick.encoding.sent import Sent, SentColumns, SentRows
from adclick.encoding.values import READERS
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


def parsed(row: dict[str, Any]) -> dict[str, Any]:
    """One candidate as parsed among four, by the fast readers, and alone."""
    among, alone = parse_candidates(SCHEMA, [row] * 4), parse_candidates(SCHEMA, [row])
    assert (len(among), len(alone)) == (4, 1)
    assert among.columns == {name: list(values) * 4 for name, values in alone.columns.items()}
    return {name: values[0] for name, values in alone.columns.items()}


def test_a_good_request_is_typed() -> None:
    assert parsed(request()) == {
        "time": datetime(2024, 1, 5, 17, tzinfo=UTC).timestamp() * 1e6,
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
    typed = parsed(row | missing)
    assert (typed["age"], typed["offset"]) == ("unknown", 0.5)


@pytest.mark.parametrize("creative", [{"ad": None}, {}])
def test_a_creative_may_be_unknown(creative: dict[str, Any]) -> None:
    row = {name: value for name, value in request().items() if name != "ad"}
    assert parsed(row | creative)["ad"] is None


def test_whole_numbers_are_categories_too() -> None:
    assert parsed(request(site=1005))["site"] == "1005"


@pytest.mark.parametrize(("name", "value"), [("site", " news "), ("ad", "ad-1\t"), ("age", "\n7")])
def test_spaces_around_text_do_not_count(name: str, value: str) -> None:
    assert parsed(request(**{name: value}))[name] == value.strip()


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
        parse_candidates(SCHEMA, [*[request()] * 3, request(**{name: value})])
    assert str(caught.value).startswith(f"row 3: column {name!r} {problem}")


@pytest.mark.parametrize("name", ["colour", "id", "clicked", "x" * 10_000])
def test_an_unknown_column_is_refused_in_a_short_message(name: str) -> None:
    with pytest.raises(RequestError, match="unknown column") as caught:
        parse_candidates(SCHEMA, [request(**{name: 1})])
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([{}, {"bid": -1}, {"site": ""}], "row 1: column 'bid'"),
        ([{}, {"bid": -1, "site": ""}], "row 1: column 'site'"),
        ([{"bid": None}, {"colour": 1}], "row 0: column 'bid'"),
        ([{}, {"time": 1, "colour": 1}], "row 1: unknown column 'colour'"),
        ([{"image": "x"}], "row 0: column 'image' is not taken here: the server's setting new"),
    ],
)
def test_the_first_bad_row_is_told_and_in_it_the_first_column(
    rows: list[dict[str, Any]], told: str
) -> None:
    schema = schema_of({**COLUMNS, **IMAGES})
    with pytest.raises(RequestError) as caught:
        parse_candidates(schema, [request(**changes) for changes in rows])
    assert str(caught.value).startswith(told)


VALUES = st.one_of(st.none(), st.text(max_size=3), st.floats(), st.booleans(), st.integers(-3, 3))
CHANGES = st.dictionaries(st.sampled_from([*SCHEMA.features, "colour", "hue"]), VALUES, max_size=2)


@given(st.lists(CHANGES, min_size=1, max_size=6))
def test_a_table_is_read_as_its_rows_are(changes: list[dict[str, Any]]) -> None:
    rows = [request(**change) for change in changes]
    names = list(dict.fromkeys(name for row in rows for name in row))
    rows = [{name: row.get(name) for name in names} for row in rows]
    columns = {name: [row[name] for row in rows] for name in names}
    told = [_read(sent) for sent in (SentRows(rows), SentColumns(columns, len(rows)))]
    assert told[0] == told[1]


def _read(sent: Sent) -> object:
    try:
        candidates = read_candidates(SCHEMA, sent)
    except RequestError as error:
        return str(error)
    return candidates.columns, repr(candidates.sent)


def test_an_image_is_taken_as_sent_where_images_are_asked_for() -> None:
    schema = schema_of({**COLUMNS, **IMAGES})
    rows = [request(image="aGk="), request(), request(image=None)]
    assert read_candidates(schema, SentRows(rows), images=True).columns["image"] == [
        "aGk=",
        None,
        None,
    ]
    with pytest.raises(RequestError, match="row 1: column 'image' is no image: send base64"):
        read_candidates(schema, SentRows([request(), request(image=7)]), images=True)


def test_no_row_is_no_candidate() -> None:
    assert len(parse_candidates(SCHEMA, [])) == 0


NUMBERS = st.floats() | st.integers() | st.sampled_from([10**400, 3.5e38, 1e308, -0.0])
VALUES = {
    "time": st.datetimes().map(str) | st.text(max_size=9) | st.sampled_from(["2024-02-30", " 1"]),
    "ad": st.text(max_size=3) | st.sampled_from(["x" * 1001, "\ud800", "a "]),
    "site": st.text(max_size=3) | st.sampled_from(["x" * 1001, "\udc00", " a"]) | NUMBERS,
    "device": st.sampled_from(["mobile", " desktop", "fridge", ""]),
    "bid": NUMBERS | st.floats(0, 100),
    "offset": NUMBERS,
    "image": st.text(max_size=3),
}
ODD = st.none() | st.booleans() | st.lists(st.integers(), max_size=1) | st.text(max_size=2)


@pytest.mark.parametrize("name", VALUES)
@given(data=st.data())
def test_a_whole_column_is_read_as_its_values_one_by_one(name: str, data: st.DataObject) -> None:
    column = schema_of({**COLUMNS, **IMAGES}).columns[name]
    good = st.lists(VALUES[name], max_size=6)
    values = data.draw(good | st.lists(VALUES[name] | ODD, max_size=6))
    reader = READERS[column.role]
    whole = reader.whole(values, column)
    if whole is not None:
        one_by_one = [reader.one(value, column) for value in values]
        assert list(map(repr, whole)) == list(map(repr, one_by_one))


@pytest.mark.parametrize("name", ["time", "ad", "site", "device", "bid", "offset"])
def test_good_values_are_read_as_a_whole_column(name: str) -> None:
    column = SCHEMA.columns[name]
    assert READERS[column.role].whole([request()[name]] * 5, column) is not None
