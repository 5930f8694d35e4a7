"""How the time column is read, the same for a column of a file and for one request."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa

from adclick.arrays import Times

EPOCH_LIMIT = 253_402_300_800.0  # the year 10,000, in seconds


def parse_times(values: pa.Array, time_format: str) -> Times:
    """Times as datetime64[us] (n,), NaT where a value is no time of this format.

    Times without a zone are UTC.
    """
    # imported here: a server parses one time at a time and does without pandas
    import pandas as pd

    text = pd.Series(values.to_numpy(zero_copy_only=False), dtype=object)
    if time_format == "epoch":
        seconds = pd.to_numeric(text, errors="coerce")
        seconds = seconds.where((seconds >= 0) & (seconds < EPOCH_LIMIT))
        return np.asarray((seconds * 1e6).round().to_numpy().astype("datetime64[us]"))
    pattern = "ISO8601" if time_format == "iso" else time_format
    times = pd.to_datetime(text, format=pattern, utc=True, errors="coerce")
    return np.asarray(times.dt.tz_localize(None).to_numpy().astype("datetime64[us]"))


def parse_time(value: object, time_format: str) -> datetime:
    """One time in UTC, equal to what `parse_times` reads.

    Raises ValueError when the value is no time of this format.
    """
    if time_format == "epoch":
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise ValueError("no number of seconds")
        seconds = float(value)
        if not 0 <= seconds < EPOCH_LIMIT:
            raise ValueError("seconds outside the years 1970 to 9999")
        return datetime.fromtimestamp(round(seconds * 1e6) / 1e6, UTC)
    if not isinstance(value, str):
        raise ValueError("no text")
    if time_format == "iso":
        time = datetime.fromisoformat(value)
    else:
        time = datetime.strptime(value, time_format)
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
