from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adclick.adlog import BUCKET, BUCKETS, CLICKS, IMPRESSIONS
from adclick.encoding.candidate import parse_candidates
from adclick.errors import RequestError
from adclick.ingest.rows import Rows
from adclick.ingest.validation import Checked, check_rows
from adclick.schema import Schema
from adclick.times import EPOCH
from tests.logs import AGGREGATED, COLUMNS, IMAGES, Row, good, many, schema_of

SCHEMA = schema_of()
AGGREGATED_SCHEMA = schema_of(AGGREGATED)


def checked(rows: list[Row], schema: Schema = SCHEMA, month: str | None = "2024-01") -> Checked:
    cells = pa.Table.from_pylist(rows)
    places = np.arange(len(rows))
    return check_rows(Rows(cells, places, places, places, (), {}, lambda _: []), month, schema)


def reasons_of(result: Checked) -> list[str]:
    """Why each row is bad; "" for good ones."""
    names = ["", *map(str, result.problems)]
    return [names[code] for code in result.codes.tolist()]


def reason(row: Row, schema: Schema = SCHEMA) -> str:
    """Why the row is bad; "" for a good one."""
    return reasons_of(checked([row], schema))[0]


def kept(row: Row, schema: Schema = SCHEMA) -> dict[str, Any]:
    """The row as the log keeps it."""
    result = checked([row], schema)
    assert reasons_of(result) == [""]
    (typed,) = result.rows.to_pylist()
    return dict(typed)


def test_a_good_row_is_typed() -> None:
    row = kept(good(7, age=" 18-30 ", offset="", time="2024-01-08T07:15:00+01:00"))
    bucket = row.pop(BUCKET)
    assert 0 <= bucket < BUCKETS
    assert row == {
        "id": "i7",
        "time": datetime(2024, 1, 8, 6, 15, tzinfo=UTC),
        "site": "sport",
        "device": "mobile",
        "age": "18-30",
        "bid": 0.25,
        "offset": 0.5,
        IMPRESSIONS: 1,
        CLICKS: 0,
    }


def test_defaults_are_counted() -> None:
    result = checked([good(0), good(1), good(2, offset="")])
    assert {name: mask.tolist() for name, mask in result.filled.items() if mask.any()} == {
        "age": [True, False, False],
        "offset": [False, False, True],
    }


DEFECTS: dict[str, tuple[Row, str]] = {
    "no id": ({"id": " "}, "id: empty"),
    "long id": ({"id": "i" * 129}, "id: longer than 128 bytes"),
    "id that lost its digits": ({"id": "1.234E+18"}, "id: a rounded number"),
    "no time": ({"time": ""}, "time: no time of the format iso"),
    "now is no time": ({"time": "now"}, "time: no time of the format iso"),
    "another month": ({"time": "2024-02-01T00:00:00"}, "time: outside the month of its file"),
    "another month in UTC": ({"time": "2024-01-01T00:00:00+01:00"}, "time: outside the month"),
    "no label": ({"clicked": ""}, "clicked: neither 0 nor 1"),
    "label 2": ({"clicked": "2"}, "clicked: neither 0 nor 1"),
    "label in words": ({"clicked": "True"}, "clicked: neither 0 nor 1"),
    "no site": ({"site": " "}, "site: empty"),
    "long site": ({"site": "é" * 1001}, "site: longer than 1,000 characters"),
    "no such device": ({"device": "fridge"}, "device: not allowed"),
    "device in capitals": ({"device": "Mobile"}, "device: not allowed"),
    "no bid": ({"bid": ""}, "bid: empty"),
    "bid in words": ({"bid": "n/a"}, "bid: no finite number"),
    "bid nan": ({"bid": "nan"}, "bid: no finite number"),
    "bid inf": ({"bid": "inf"}, "bid: no finite number"),
    "bid beyond floats": ({"bid": "1e999"}, "bid: no finite number"),
    "offset beyond 32 bits": ({"offset": "-3.5e38"}, "offset: no finite number"),
    "bid with a comma": ({"bid": "1,5"}, "bid: no finite number"),
    "bid too low": ({"bid": "-0.01"}, "bid: below 0"),
    "bid too high": ({"bid": "100.5"}, "bid: above 100"),
    "offset in words": ({"offset": "-"}, "offset: no finite number"),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_is_caught_and_named(defect: str) -> None:
    cells, expected = DEFECTS[defect]
    assert reason(good(**cells)).startswith(expected)


@given(st.lists(st.none() | st.sampled_from(sorted(DEFECTS)), min_size=1, max_size=40))
def test_all_spoilt_rows_and_no_others_are_bad(spoilt: list[str | None]) -> None:
    rows = [good(i, **(DEFECTS[defect][0] if defect else {})) for i, defect in enumerate(spoilt)]
    reasons = reasons_of(checked(rows))
    assert [reason != "" for reason in reasons] == [defect is not None for defect in spoilt]


def test_the_first_problem_of_a_row_is_its_reason() -> None:
    assert reason(good(clicked="9", site="", bid="x")) == "site: empty"


def test_a_bound_itself_is_within() -> None:
    assert reason(good(bid="0")) == reason(good(bid="100")) == ""


TITLED = schema_of({**COLUMNS, "title": {"role": "text"}})


def test_words_may_be_any_but_no_cell_may_be_empty() -> None:
    assert kept(good(title=" 50 % off, today! "), TITLED)["title"] == "50 % off, today!"
    assert reason(good(title=" "), TITLED) == "title: empty"
    assert reason(good(title="x" * 1_001), TITLED) == "title: longer than 1,000 characters"
    optional = schema_of({**COLUMNS, "title": {"role": "text", "default": ""}})
    assert kept(good(title=" "), optional)["title"] == ""


def test_a_creative_is_needed_where_the_schema_has_one() -> None:
    schema = schema_of({**COLUMNS, "ad": IMAGES["ad"]})
    assert reason(good(ad=""), schema) == "ad: empty"


@pytest.mark.parametrize(
    ("shown", "clicks", "expected"),
    [
        ("10", "3", ""),
        ("10", "10", ""),
        ("10.0", "0", ""),
        ("0", "0", "shown: no whole number"),
        ("2.5", "1", "shown: no whole number"),
        ("1e300", "1", "shown: no whole number"),
        ("", "1", "shown: no whole number"),
        ("10", "-1", "clicks: no whole number"),
        ("10", "nan", "clicks: no whole number"),
        ("10", "11", "clicks: more than shown"),
    ],
)
def test_aggregated_rows_have_whole_counts(shown: str, clicks: str, expected: str) -> None:
    row = {name: cell for name, cell in good().items() if name != "clicked"}
    assert reason(row | {"shown": shown, "clicks": clicks}, AGGREGATED_SCHEMA).startswith(expected)


def test_a_bucket_depends_on_the_id_alone() -> None:
    first, again = (checked(rows).rows for rows in (many(50), many(50, site="other")[::-1]))
    buckets = dict(zip(first["id"].to_pylist(), first[BUCKET].to_pylist(), strict=True))
    assert buckets == dict(zip(again["id"].to_pylist(), again[BUCKET].to_pylist(), strict=True))


def test_buckets_divide_rows_evenly() -> None:
    buckets = checked(many(4000)).rows[BUCKET].to_numpy()
    assert np.histogram(buckets, 4, (0, BUCKETS))[0] == pytest.approx(1000, rel=0.1)


CELL = st.text(st.characters(codec="utf-8"), max_size=6) | st.sampled_from(
    ["", " ", "news", " news", "mobile", "desktop\t", "nan", "NA", "null", "None", "0", "1005"]
)
LARGE = st.sampled_from([3.4e38, -3.5e38])
NUMBER = st.none() | st.integers(-5, 120) | LARGE | st.floats(allow_nan=True, allow_infinity=True)
TIME = st.datetimes(datetime(2023, 12, 31), datetime(2024, 2, 2)).map(datetime.isoformat) | CELL


def as_cell(value: object) -> str:
    """A request's value as a log's cell."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def accepted(request: dict[str, Any], schema: Schema) -> dict[str, Any] | None:
    try:
        candidates = parse_candidates(schema, [request])
    except RequestError:
        return None
    row = {name: values[0] for name, values in candidates.columns.items()}
    return row | {schema.time: EPOCH + timedelta(microseconds=row[schema.time])}


@given(
    st.fixed_dictionaries(
        {"time": TIME, "site": CELL, "device": CELL, "age": CELL, "bid": NUMBER, "offset": NUMBER}
    )
)
def test_a_request_is_accepted_just_where_the_log_keeps_the_row(request: dict[str, Any]) -> None:
    cells = {name: as_cell(value) for name, value in request.items()}
    result = checked([good(**cells)], month=None)
    (typed,) = result.rows.select(list(SCHEMA.features)).to_pylist()
    assert accepted(request, SCHEMA) == (typed if reasons_of(result) == [""] else None)


@given(
    st.text(st.characters(codec="utf-8"), max_size=6),
    st.sampled_from(["site", "age", "ad", "title", "note"]),
)
def test_text_is_the_same_in_log_and_request(text: str, name: str) -> None:
    words = {"title": {"role": "text"}, "note": {"role": "text", "default": ""}}
    schema = schema_of({**COLUMNS, "ad": IMAGES["ad"], **words})
    values = {"bid": 1.0, "offset": 0.0, "ad": "a", "title": "t", "note": "n", name: text}
    result = checked([good(**{key: as_cell(value) for key, value in values.items()})], schema)
    request = {key: value for key, value in good().items() if key in schema.features} | values
    (typed,) = result.rows.select(list(schema.features)).to_pylist()
    assert accepted(request, schema) == (typed if reasons_of(result) == [""] else None)
