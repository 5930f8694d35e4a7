from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adclick.encoding.requests import format_time
from adclick.times import EPOCH_LIMIT, parse_time, parse_times

PATTERNS = ("%y%m%d%H", "%Y-%m-%d %H:%M", "%d/%b/%Y:%H:%M:%S %z", "%Y-%m-%d %H:%M:%S.%f")
CLOCK = st.datetimes(datetime(1000, 1, 1), datetime(9999, 12, 30))
ALMOST_TIMES = st.text("0123456789-:. TZ+/W", max_size=30) | st.sampled_from(
    ["now", "today", "NaT", "nan", "inf", "", "1e3", "1_000", "٣", "2024", "2024-1-2", "True"]
)


def one(value: object, time_format: str) -> np.datetime64:
    """What parse_time reads, as parse_times would write it."""
    try:
        return np.datetime64(parse_time(value, time_format).replace(tzinfo=None), "us")
    except (ValueError, OverflowError):
        return np.datetime64("NaT")


def written(time: datetime, time_format: str) -> str:
    return str(format_time(time.replace(tzinfo=UTC), time_format))


def assert_read_alike(text: str, time_format: str) -> None:
    (column,) = parse_times(pa.array([text]), time_format)
    np.testing.assert_equal(column, one(text, time_format))


@given(CLOCK, st.sampled_from(["iso", "epoch", *PATTERNS]))
def test_a_column_and_a_request_read_the_same_time(time: datetime, time_format: str) -> None:
    if time_format == "epoch" and time.year < 1970:
        time = time.replace(year=1970)
    text = written(time, time_format)
    assert_read_alike(text, time_format)
    assert not np.isnat(one(text, time_format))


@given(ALMOST_TIMES, st.sampled_from(["iso", "epoch", *PATTERNS]))
def test_a_column_and_a_request_refuse_the_same_text(text: str, time_format: str) -> None:
    assert_read_alike(text, time_format)


@given(
    st.from_regex(r"\A20[0-9]{2}-[01][0-9]-[0-3][0-9]([T ][0-9:.]{2,15})?(Z|[+-][0-9:]{2,5})?\Z")
)
def test_a_column_and_a_request_agree_about_near_iso_text(text: str) -> None:
    assert_read_alike(text, "iso")


@given(
    st.lists(
        st.sampled_from(["2024-01-01", "2024-01-01T05:00", "bad", "20240101"])
        | st.builds(
            "{}{}".format,
            CLOCK.map(datetime.isoformat),
            st.sampled_from(["", "Z", "+01:00", "-02:30"]),
        )
    )
)
def test_a_time_is_read_whatever_stands_above_it(texts: list[str]) -> None:
    times = parse_times(pa.array(texts, pa.string()), "iso")
    np.testing.assert_equal(times, np.array([one(text, "iso") for text in texts], times.dtype))


@given(CLOCK, st.sampled_from(["iso", "%d/%b/%Y:%H:%M:%S %z", "%Y-%m-%d %H:%M:%S.%f"]))
def test_format_time_is_the_inverse_of_parse_time(time: datetime, time_format: str) -> None:
    time = time.replace(tzinfo=UTC, microsecond=time.microsecond if "%z" not in time_format else 0)
    assert parse_time(format_time(time, time_format), time_format) == time


@pytest.mark.parametrize(
    ("text", "time_format", "expected"),
    [
        ("2024-03-01T23:30:00+02:00", "iso", "2024-03-01T21:30:00"),
        ("2024-03-01 23:30", "iso", "2024-03-01T23:30:00"),
        ("2024-03-01", "iso", "2024-03-01T00:00:00"),
        (" 2024-03-01T05:00:00Z ", "iso", "2024-03-01T05:00:00"),
        ("1709251200.25", "epoch", "2024-03-01T00:00:00.250000"),
        (" 1709251200\t", "epoch", "2024-03-01T00:00:00"),
        ("24030117", "%y%m%d%H", "2024-03-01T17:00:00"),
        ("01/Mar/2024:17:00:00 +0100", "%d/%b/%Y:%H:%M:%S %z", "2024-03-01T16:00:00"),
    ],
)
def test_times_are_read_as_utc(text: str, time_format: str, expected: str) -> None:
    assert parse_times(pa.array([text]), time_format)[0] == np.datetime64(expected, "us")
    assert_read_alike(text, time_format)


@pytest.mark.parametrize(
    "text",
    ["now", "yesterday", "", "2024", "2024-13-01", "12:30", "2024/01/02 05:00", "2024-1-2 5:00"],
)
def test_what_is_no_full_date_is_no_time(text: str) -> None:
    assert np.isnat(parse_times(pa.array([text]), "iso")[0])
    assert np.isnat(one(text, "iso"))


@pytest.mark.parametrize("value", [-1, EPOCH_LIMIT, 1709251200000, float("nan"), float("inf")])
def test_epoch_seconds_lie_in_the_years_1970_to_9999(value: float) -> None:
    with pytest.raises(ValueError, match="seconds outside the years"):
        parse_time(value, "epoch")
    assert np.isnat(parse_times(pa.array([str(value)]), "epoch")[0])


@pytest.mark.parametrize("value", [True, None, [1], 20240301])
def test_a_request_gives_a_time_as_text(value: object) -> None:
    with pytest.raises(ValueError, match="no text"):
        parse_time(value, "iso")


def test_a_column_keeps_its_order() -> None:
    texts = ["2024-01-02", "bad", "20240103", "2024-01-01T00:00:00.123456789"]
    times = parse_times(pa.array(texts), "iso")
    assert [str(time) for time in times] == [
        "2024-01-02T00:00:00.000000",
        "NaT",
        "2024-01-03T00:00:00.000000",
        "2024-01-01T00:00:00.123456",
    ]
