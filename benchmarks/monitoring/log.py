"""Two months of 15 columns, as ingestion would keep them: `... log FOLDER ROWS` a month.

The second differs from the first in DRIFTED columns alone.
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from adclick.adlog import BUCKETS, AdLog, Month, row_schema
from adclick.arrays import Float64
from adclick.schema import Schema

MANIFEST = "log.json"
MONTHS = ("2026-01", "2026-02")
ROWS_AT_ONCE = 250_000
TEXTS = {"site": 400, "advertiser": 40, "country": 12, "segment": 16, "age": 7, "slot": 5}
TEXTS |= {"device": 3, "category": 12, "browser": 9}
NUMBERS = ("bid", "frequency", "recency", "length", "speed")
# the 15th column is the score
SCORE = "predicted"
DRIFTED = ("bid", "device")
SHIFT, MOVED = 0.3, 0.25
CLICK_RATE = 0.04
DAYS, DAY = 28, 86_400_000_000  # microseconds


def schema() -> Schema:
    """The columns and their roles."""
    columns: dict[str, dict[str, str]] = {
        "id": {"role": "id"},
        "time": {"role": "time"},
        "click": {"role": "label"},
        **{name: {"role": "categorical"} for name in TEXTS},
        **{name: {"role": "numeric"} for name in (*NUMBERS, SCORE)},
    }
    return Schema.model_validate({"name": "months", "rows": "rows.csv", "columns": columns})


def make(folder: Path, rows: int) -> AdLog:
    """A log with so many rows in each of MONTHS."""
    folder.mkdir(parents=True)
    months = []
    for number, name in enumerate(MONTHS):
        clicks = 0
        with pq.ParquetWriter(folder / f"{name}.parquet", row_schema(schema())) as writer:
            for start in range(0, rows, ROWS_AT_ONCE):
                count = min(ROWS_AT_ONCE, rows - start)
                table = _table(np.random.default_rng([number, start]), number, start, count)
                clicks += int(table["_clicks"].to_numpy().sum())
                writer.write_table(table)
        first = datetime(2026, number + 1, 1, tzinfo=UTC)
        months.append(
            Month(
                month=name, files=(f"{name}.parquet",), quarantine=f"{name}/bad.csv",
                rows_kept=rows, rows_quarantined=0, reasons={}, defaults={}, impressions=rows,
                clicks=clicks, first=first, last=first.replace(day=DAYS),
            )
        )  # fmt: skip
    log = AdLog(root=str(folder), ad_schema=schema(), sources=(), months=tuple(months))
    (folder / MANIFEST).write_text(log.model_dump_json(), encoding="utf-8")
    return log


def load(folder: Path) -> AdLog:
    """A log that was made."""
    return AdLog.model_validate_json((folder / MANIFEST).read_bytes())


def _table(random: np.random.Generator, month: int, start: int, rows: int) -> pa.Table:
    score = random.beta(2, 2 / CLICK_RATE - 2, rows)
    columns: dict[str, pa.Array] = {
        "id": pa.array(np.arange(start, start + rows)).cast(pa.string()),
        "time": pa.array(np.datetime64(MONTHS[month], "us") + random.integers(0, DAYS * DAY, rows)),
        **{name: _text(random, name, month, rows) for name in TEXTS},
        **{name: pa.array(_number(random, name, month, rows)) for name in NUMBERS},
        SCORE: pa.array(score),
        "_impressions": pa.array(np.ones(rows, np.int64)),
        "_clicks": pa.array((random.random(rows) < score).astype(np.int64)),
        "_bucket": pa.array(random.integers(0, BUCKETS, rows)),
    }
    return pa.table(columns).cast(row_schema(schema()))


def _text(random: np.random.Generator, name: str, month: int, rows: int) -> pa.Array:
    count = TEXTS[name]
    weights = 1 / (np.arange(count) + 2.0)
    shares = weights / weights.sum()
    if month and name in DRIFTED:
        # from the most frequent value to the rarest
        shares[0], shares[-1] = shares[0] - MOVED, shares[-1] + MOVED
    values = pa.array([f"{name}-{number:03d}" for number in range(count)])
    codes = np.searchsorted(np.cumsum(shares)[:-1], random.random(rows), side="right")
    return values.take(pa.array(codes))


def _number(random: np.random.Generator, name: str, month: int, rows: int) -> Float64:
    shift = SHIFT if month and name in DRIFTED else 0.0
    if name == "frequency":
        return random.geometric(0.35, rows) - 1.0
    if name == "length":
        return np.asarray(random.normal(40, 12, rows))
    numbers = random.lognormal(0.5, 0.5, rows)
    return np.asarray(numbers + shift * numbers.std())


def main() -> None:
    """Make the log."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("rows", type=int)
    told = parser.parse_args()
    make(told.folder, told.rows)


if __name__ == "__main__":
    main()
