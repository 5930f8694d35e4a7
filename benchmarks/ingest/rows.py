"""Rows: our ingestion beside pyarrow and Polars, which check nothing, and beside pandas."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.figures import Figure, Target
from benchmarks.ingest.data import Made, made_in
from benchmarks.ingest.engines import PEERS, PYTHON
from benchmarks.ingest.flaws import quarantined
from benchmarks.ingest.workers import WORK, Worked, work

OURS, PANDAS = "ours", "pandas"
READ, TEXT, STREAM = "pyarrow.csv.read_csv", "read_csv as text", "open_csv as text"
COPY, POLARS = "pyarrow to Parquet", "Polars to Parquet"
# at least this share of the rate of pyarrow as it comes, and so many times that of pandas; told to
# leave all cells text, it does less than a read log needs
OF_READER, OF_PANDAS = Target(">", 60), Target(">", 5)
STORED = "read as text and written, nothing typed or checked"
READERS = {
    READ: ("typed, all in memory, nothing checked", OF_READER),
    TEXT: ("all in memory, nothing typed or checked", None),
    STREAM: ("a stream, nothing typed or checked", None),
    COPY: (STORED, None),
    POLARS: (STORED, None),
}

Round = dict[str, Worked]


def measure_rows(data: Path) -> Round:
    """One round: every contender once, in a process of its own."""
    folder = str(data)
    found = {
        OURS: work(f"{WORK}.ours", folder),
        READ: work(f"{WORK}.arrow", "read_csv", folder),
        TEXT: work(f"{WORK}.arrow", "text", folder),
        STREAM: work(f"{WORK}.arrow", "open_csv", folder),
        COPY: work(f"{WORK}.arrow", "to_parquet", folder),
        POLARS: work(f"{PEERS}.polars_copy", folder, python=str(PYTHON)),
        PANDAS: work(f"{WORK}.frames", folder),
    }
    check_rows(found, made_in(data))
    return found


def check_rows(found: Round, made: Made) -> None:
    """Raise RuntimeError where contenders did not do the same work."""
    for name, worked in found.items():
        if worked.told["rows"] != made.rows:
            raise RuntimeError(f"{name} saw {worked.told['rows']:,} rows of {made.rows:,}")
    ours, pandas = (found[name].told["quarantine"] for name in (OURS, PANDAS))
    expected = quarantined(made.flaws, images=False)
    if ours != pandas or int(ours.split()[0]) != expected:
        raise RuntimeError(f"in quarantine: ours {ours}, pandas {pandas}, {expected} to find")


def row_figures(rounds: Sequence[Round], made: Made) -> list[Figure]:
    """Rates, ratios within a round, memory and processor time."""
    size = f"{made.rows / 1e6:.3g} M rows of {made.csv_bytes / made.rows:.0f} bytes, no images"
    ratios = [
        *(
            Figure.of(
                f"rows: share of {name}'s rate",
                _shares(rounds, OURS, name),
                "%",
                target,
                what,
            )
            for name, (what, target) in READERS.items()
        ),
        *(
            Figure.of(
                f"rows: {name}, share of {READ}'s rate",
                _shares(rounds, name, READ),
                "%",
                None,
                STORED,
            )
            for name in (COPY, POLARS)
        ),
        Figure.of(
            "rows: times pandas' rate",
            [one[PANDAS].wall / one[OURS].wall for one in rounds],
            "x",
            OF_PANDAS,
            "the same checks, rows and quarantine",
        ),
    ]
    return [*ratios, *(f for name in rounds[0] for f in _of_one(name, rounds, made, size))]


def _shares(rounds: Sequence[Round], name: str, other: str) -> list[float]:
    """The rate of one contender in per cent of another's, round by round."""
    return [100 * one[other].wall / one[name].wall for one in rounds]


def _of_one(name: str, rounds: Sequence[Round], made: Made, size: str) -> list[Figure]:
    done = [one[name] for one in rounds]
    return [
        Figure.of(f"rows, {name}", [made.rows / w.wall for w in done], "rows/s", None, size),
        Figure.of(f"rows, {name}, processor time", [w.cpu for w in done], "s"),
        Figure.of(f"rows, {name}, memory", [w.memory / 1e6 for w in done], "MB"),
    ]
