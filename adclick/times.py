"""How the time column is read, the same for a column of a file and for one request."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pyarrow as pa

EPOCH_LIMIT = 253_402_300_800.0  # the year 10,000, in seconds


def parse_times(values: pa.Array, time_format: str) -> np.ndarray:
    """Times as datetime64[us] (n,), NaT where a value is no time of this format.

    Times without a zone are UTC.
    """
    text = pd.Series(values.to_numpy(zero_copy_only=False), dtype=object)
    if time_format == "epoch":
        seconds = pd.to_numeric(text, errors="coerce")
        seconds = seconds.where((seconds >= 0) & (seconds < EPOCH_LIMIT))
        return np.asarray((seconds * 1e6).round().to_numpy().astype("datetime64[us]"))
    pattern = "ISO8601" if time_format == "iso" else time_format
    times = pd.to_datetime(text, format=pattern, utc=True, errors="coerce")
    return np.asarray(times.dt.tz_localize(None).to_numpy().astype("datetime64[us]"))


def parse_time(value: str | int | float, time_format: str) -> datetime:
    """One time in UTC; raises ValueError when the value is no time of this format."""
    time = parse_times(pa.array([str(value)]), time_format)[0]
    if np.isnat(time):
        raise ValueError(f"no time of the format {time_format!r}")
    moment: datetime = time.astype(datetime)
    return moment.replace(tzinfo=UTC)
