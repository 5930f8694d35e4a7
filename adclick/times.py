"""How the time column is read, the same for a column of a file and for one request."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from adclick.arrays import Array, Times
from adclick.casting import cast_or_null
from adclick.numbers import parse_number, parse_numbers

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_TIME, END_OF_TIMES = np.datetime64("0001-01-01"), np.datetime64("10000-01-01")
EPOCH_LIMIT = 253_402_300_800.0  # the year 10,000, in seconds
ZONE = r"(Z|[+-][0-9]{2}:[0-9]{2})$"


def parse_times(values: pa.Array, time_format: str) -> Times:
    """Times as datetime64[us] (n,), NaT where a value is no time of this format.

    Times without a zone are UTC. Spaces around a time do not matter.
    """
    if time_format == "epoch":
        return _epoch_times(pc.utf8_trim_whitespace(values))
    text = pc.utf8_trim_whitespace(values)
    times = _iso_times(text) if time_format == "iso" else _no_times(len(text))
    unread = np.flatnonzero(np.isnat(times))
    times[unread] = _each_time(text.take(pa.array(unread)), time_format)
    return times


def _iso_times(text: pa.Array) -> Times:
    """Times in the forms that Arrow reads, NaT around all others."""
    times = _cast_times(text, pa.timestamp("us", "UTC"))
    unread = np.flatnonzero(np.isnat(times))
    if len(unread):
        # a cell without a zone spoils those beside it for the cast to a time with one
        bare = unread[~_mask(pc.match_substring_regex(text.take(pa.array(unread)), ZONE))]
        times[bare] = _cast_times(text.take(pa.array(bare)), pa.timestamp("us"))
    return times


def _cast_times(text: pa.Array, form: pa.DataType) -> Times:
    read = cast_or_null(text, form).to_numpy(zero_copy_only=False)
    times: Times = read.astype("datetime64[us]")
    # Arrow knows years that Python does not
    return np.where((times >= FIRST_TIME) & (times < END_OF_TIMES), times, np.datetime64("NaT"))


def _mask(values: pa.Array) -> Array:
    return np.asarray(values.to_numpy(zero_copy_only=False))


def _no_times(count: int) -> Times:
    return np.full(count, "NaT", "datetime64[us]")


def _epoch_times(text: pa.Array) -> Times:
    seconds = parse_numbers(text)
    times = _no_times(len(seconds))
    valid = (seconds >= 0) & (seconds < EPOCH_LIMIT)
    times[valid] = np.round(seconds[valid] * 1e6).astype("datetime64[us]")
    return times


def _each_time(text: pa.Array, time_format: str) -> Times:
    """The times of texts, each distinct one read once."""
    distinct = text.dictionary_encode()
    times = _no_times(len(distinct.dictionary))
    for position, value in enumerate(distinct.dictionary.to_pylist()):
        try:
            times[position] = parse_time(value, time_format).replace(tzinfo=None)
        except (ValueError, OverflowError):
            continue
    return np.asarray(times[distinct.indices.to_numpy()])


def parse_time(value: object, time_format: str) -> datetime:
    """One time in UTC, equal to what `parse_times` reads.

    Raises ValueError or OverflowError when the value is no time of this format.
    """
    if time_format == "epoch":
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise ValueError("no number of seconds")
        seconds = parse_number(value.strip()) if isinstance(value, str) else float(value)
        if not 0 <= seconds < EPOCH_LIMIT:
            raise ValueError("seconds outside the years 1970 to 9999")
        return EPOCH + timedelta(microseconds=round(seconds * 1e6))
    if not isinstance(value, str):
        raise ValueError("no text")
    if time_format == "iso":
        time = datetime.fromisoformat(value.strip())
    else:
        time = datetime.strptime(value.strip(), time_format)
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
