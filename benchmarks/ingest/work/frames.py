"""pandas with the checks of configs/schemas/sample.yaml: `... frames FOLDER`.

Written as one who knows pandas would: whole columns, a month at a time, every cell read as text so
that what is wrong can be told.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from adclick.sample_data.defects import COLUMNS
from benchmarks.ingest.stopwatch import tell, timed
from benchmarks.ingest.work.agreement import digest

REQUIRED = (
    "impression_id", "creative_id", "advertiser", "category", "site",
    "site_category", "slot", "device", "country", "segment",
)  # fmt: skip
DEVICES = ("desktop", "mobile", "tablet")
BOUNDS = {"frequency": (0, 1000), "bid": (0, 1000)}
KEPT = [name for name in COLUMNS if name != "image"]


@dataclass(frozen=True)
class Outcome:
    """Rows read, and the ids of those in quarantine."""

    rows: int
    quarantined: list[str]


def ingest_month(folder: Path, store: Path) -> Outcome:
    """Read, check and write a month; one month is in memory at a time."""
    paths = sorted(folder.glob("impressions-*.csv"))
    frames = [pd.read_csv(path, dtype=str, keep_default_na=False) for path in paths]
    rows = pd.concat(frames, ignore_index=True)
    rows["age"] = rows["age"].where(rows["age"] != "", "unknown")
    typed, reasons = check(rows, folder.name)
    good = reasons == ""
    repeated = repeated_rows(typed[good])
    reasons.loc[repeated.index] = repeated
    bad = reasons != ""
    typed.loc[~bad, KEPT].to_parquet(store / f"{folder.name}.parquet")
    quarantine = rows[bad].assign(reason=reasons[bad])
    quarantine.to_parquet(store / f"{folder.name}-quarantine.parquet")
    return Outcome(len(rows), quarantine["impression_id"].tolist())


def check(rows: pd.DataFrame, month: str) -> tuple[pd.DataFrame, pd.Series]:
    """The rows typed, and the reason why each is bad, empty for good ones."""
    reasons = pd.Series("", index=rows.index)
    typed = rows.copy(deep=False)
    typed["time"] = pd.to_datetime(rows["time"], format="ISO8601", errors="coerce", utc=True)
    _mark(reasons, typed["time"].isna(), "no time")
    begin = pd.Timestamp(f"{month}-01", tz="UTC")
    end = begin + pd.offsets.MonthBegin()
    _mark(reasons, (typed["time"] < begin) | (typed["time"] >= end), "outside the month")
    for name in REQUIRED:
        _mark(reasons, rows[name] == "", f"{name} empty")
    _mark(reasons, ~rows["device"].isin(DEVICES), "device not allowed")
    typed["clicked"] = pd.to_numeric(rows["clicked"], errors="coerce")
    _mark(reasons, ~typed["clicked"].isin([0, 1]), "label neither 0 nor 1")
    for name, (least, most) in BOUNDS.items():
        typed[name] = pd.to_numeric(rows[name], errors="coerce")
        _mark(reasons, ~typed[name].between(least, most), f"{name} out of bounds")
    return typed, reasons


def repeated_rows(rows: pd.DataFrame) -> pd.Series:
    """Reasons of rows whose id is used twice: of equal rows the first one is good."""
    suspects = rows[rows.duplicated("impression_id", keep=False)][KEPT]
    distinct = suspects.drop_duplicates()
    conflicting = distinct.loc[distinct.duplicated("impression_id", keep=False), "impression_id"]
    different = suspects["impression_id"].isin(conflicting)
    same = suspects.duplicated() & ~different
    reasons = np.select([different, same], ["used by different rows", "same row as before"], "")
    found = pd.Series(reasons, index=suspects.index)
    return found[found != ""]


def _mark(reasons: pd.Series, bad: pd.Series, reason: str) -> None:
    reasons[bad & (reasons == "")] = reason


def main() -> None:
    """Ingest the log's months into this place, and tell."""
    store = Path(os.environ["ADCLICK_HOME"]) / "store"
    store.mkdir(parents=True)
    months = sorted({path.parent for path in Path(sys.argv[1]).glob("*/impressions-*.csv")})
    done, took = timed(lambda: [ingest_month(month, store) for month in months])
    ids = (name for outcome in done for name in outcome.quarantined)
    tell(took, rows=sum(outcome.rows for outcome in done), quarantine=digest(ids))


if __name__ == "__main__":
    main()
