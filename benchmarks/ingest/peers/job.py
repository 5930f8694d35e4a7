"""What every peer does with a log, and tells of it: checks, months, creatives and their images."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from adclick.images import ImageError, decode_image
from benchmarks.ingest.stopwatch import tell, timed
from benchmarks.ingest.work.frames import check, repeated_rows

SHAPE = (63, 75, 3)  # of `image` in configs/schemas/sample.yaml
GOOD, DIFFERENT, SAME = "", "used by different rows", "same row as before"


@dataclass(frozen=True)
class Outcome:
    """Rows kept, rows in quarantine, and creatives with an image."""

    kept: int
    quarantined: int
    creatives: int


def run(ingest: Callable[[Path, Path], Outcome], folder: str) -> None:
    """Time a peer's ingestion of a folder into this place, and tell."""
    store = Path(os.environ["ADCLICK_HOME"]) / "store"
    store.mkdir(parents=True)
    outcome, took = timed(lambda: ingest(Path(folder).absolute(), store))
    tell(took, **vars(outcome))


def files_of(folder: Path) -> list[str]:
    """The log's CSV files."""
    return [str(path) for path in sorted(folder.glob("*/impressions-*.csv"))]


def month_of(path: str) -> str:
    """The month that a file's folder names."""
    return posixpath.basename(posixpath.dirname(path.removeprefix("file://")))


def address(path: str, image: str) -> str:
    """Where an image lies, by its row's file."""
    return posixpath.normpath(f"{posixpath.dirname(path.removeprefix('file://'))}/{image}")


def pixels_of(path: str) -> bytes | None:
    """The image decoded and resized; None where it cannot be used."""
    try:
        return decode_image(Path(path).read_bytes(), SHAPE).tobytes()
    except (ImageError, OSError):
        return None


def checked(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows with a column `path` of their files, typed, with columns `reason` and `address`."""
    done = []
    for path, of_file in rows.groupby("path"):
        # cells that a short row lacks
        filled = of_file.fillna("")
        filled["age"] = filled["age"].where(filled["age"] != "", "unknown")
        typed, reasons = check(filled, month_of(path))
        images = filled["image"].map(lambda image, path=path: address(path, image))
        done.append(typed.assign(reason=reasons, address=images))
    return pd.concat(done)


def deduplicated(rows: pd.DataFrame) -> pd.DataFrame:
    """All rows of some ids, with the reasons of those whose id is used twice."""
    rows = rows.reset_index(drop=True)
    for _, of_month in rows[rows["reason"] == GOOD].groupby("month"):
        repeated = repeated_rows(of_month)
        rows.loc[repeated.index, "reason"] = repeated
    return rows
