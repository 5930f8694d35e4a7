"""A large log as a whole: what one ingestion takes, and whether memory grows with the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import Figure, Target
from benchmarks.ingest.data import Made
from benchmarks.ingest.flaws import quarantined
from benchmarks.ingest.workers import WORK, Worked, work, work_in
from benchmarks.processes import new_place

TIMES_THE_DATA = 4
FLAT = Target("<", 1.15)


@dataclass(frozen=True)
class Round:
    """The large log, the same store again and with a late file, and a quarter of the data."""

    large: Worked
    again: Worked
    quarter: Worked


def measure_whole(large: Path, quarter: Path) -> Round:
    """One round, each ingestion in a process of its own."""
    with new_place() as place:
        first = work_in(place, f"{WORK}.ours", str(large), "--images")
        again = work_in(place, f"{WORK}.again", str(large))
    return Round(first, again, work(f"{WORK}.ours", str(quarter), "--images"))


def check_whole(worked: Worked, made: Made) -> None:
    """Raise RuntimeError where the log is not what was put in."""
    expected = made.rows - quarantined(made.flaws, images=True)
    if (worked.told["rows"], worked.told["kept"]) != (made.rows, expected):
        raise RuntimeError(f"{worked.told} of {made.rows:,} rows, {expected:,} of them good")


def whole_figures(rounds: Sequence[Round], made: Made) -> list[Figure]:
    """Time, processor time and memory of the large log, and what repeating it takes."""
    large = [one.large for one in rounds]
    rows, images = (large[0].told[name] for name in ("rows", "creatives"))
    bytes_in = made.csv_bytes + made.image_bytes
    name = f"{rows / 1e6:.3g} M rows and {images:,} creatives"
    growth = [one.large.memory / one.quarter.memory for one in rounds]
    small = rounds[0].quarter
    return [
        Figure.of(
            f"memory for {TIMES_THE_DATA} times the data",
            growth,
            "x",
            FLAT,
            f"{small.told['rows'] / 1e6:.3g} M rows and {small.told['creatives']:,} creatives: "
            f"{small.memory / 1e6:.0f} MB",
        ),
        Figure.of(name, [one.wall for one in large], "s", None, f"{bytes_in / 1e9:.2f} GB"),
        Figure.of(f"{name}, processor time", [one.cpu for one in large], "s"),
        Figure.of(f"{name}, memory", [one.memory / 1e6 for one in large], "MB"),
        Figure.of("rows of it", [rows / w.told["rows_seconds"] for w in large], "rows/s"),
        Figure.of("images of it", [images / w.told["images_seconds"] for w in large], "images/s"),
        Figure.of("again, nothing changed", [one.again.told["unchanged"] for one in rounds], "s"),
        Figure.of(
            "again, one late file",
            [one.again.wall for one in rounds],
            "s",
            None,
            f"{rounds[0].again.told['rows'] - rows:,} more rows",
        ),
    ]
