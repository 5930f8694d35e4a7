"""How the time column is read, the same for a column of a file and for one request."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from adclick.alphabet import Alphabet
from adclick.arrays import Times
from adclick.numbers import parse_number, parse_numbers

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_TIME, END_OF_TIMES = np.datetime64("0001-01-01"), np.datetime64("10000-01-01")
EPOCH_LIMIT = 253_402_300_800.0  # the year 10,000, in seconds
PLAIN_ISO = (
    r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?"
)
ZONE = r"(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
CHARACTERS = Alphabet("0123456789-:T Z.+")
# how Arrow is asked for times with a zone and without one
ZONED, BARE = (pa.timestamp("us", "UTC"), PLAIN_ISO + ZONE), (pa.timestamp("us"), PLAIN_ISO)


def parse_times(values: pa.Array, time_format: str) -> Times:
    """Times as datetime64[us] (n,), NaT where a value is no time of this format.

    Times without a zone are UTC. Spaces around a time do not matter.
    """
    if time_format == "epoch":
        return _epoch_times(pc.utf8_trim_whitespace(values))
    times = _iso_times(values) if time_format == "iso" else _no_times(len(values))
    if len(unread := np.flatnonzero(np.isnat(times))):
        text = pc.utf8_trim_whitespace(values.take(pa.array(unread)))
        times[unread] = _trimmed_times(text, time_format)
    return times


def _trimmed_times(text: pa.Array, time_format: str) -> Times:
    times = _iso_times(text) if time_format == "iso" else _no_times(len(text))
    unread = np.flatnonzero(np.isnat(times))
    times[unread] = _each_time(text.take(pa.array(unread)), time_format)
    return times


def _iso_times(text: pa.Array) -> Times:
    """Times in the forms that Arrow reads, NaT for all others."""
    forms = (ZONED, BARE) if len(text) and re.search(f"{ZONE}$", str(text[0])) else (BARE, ZONED)
    digits = CHARACTERS.kept(text)
    try:
        times = _as_times(pc.cast(digits, forms[0][0]))
    except pa.ArrowInvalid:
        times = _matching_times(digits, *forms[0])
    if len(unread := np.flatnonzero(np.isnat(times))):
        times[unread] = _matching_times(text.take(pa.array(unread)), *forms[1])
    return times


def _matching_times(text: pa.Array, form: pa.DataType, pattern: str) -> Times:
    """The times of one form, NaT for cells that do not match its pattern."""
    clean = pc.if_else(pc.match_substring_regex(text, f"^{pattern}$"), text, None)
    try:
        return _as_times(pc.cast(clean, form))
    except pa.ArrowInvalid:
        # such as the 30th of February
        return _no_times(len(text))


def _as_times(read: pa.Array) -> Times:
    times: Times = read.to_numpy(zero_copy_only=False).astype("datetime64[us]")
    # Arrow knows years that Python does not
    return np.where((times >= FIRST_TIME) & (times < END_OF_TIMES), times, np.datetime64("NaT"))


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
