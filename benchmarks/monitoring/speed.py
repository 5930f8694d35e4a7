"""How fast a month is checked: beside Evidently's presets, and with ten times the rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.figures import Figure, Target
from benchmarks.ingest.workers import Worked, work
from benchmarks.monitoring.log import make

WORK = "benchmarks.monitoring.work"
OURS, PRESETS = "ours", "presets"
TIMES_THE_DATA = 10
COLUMNS = 15

Round = dict[str, Worked]


def measure_beside(folder: Path, rows: int) -> Round:
    """Our checks with their report, and the presets, on the same log."""
    if not folder.exists():
        make(folder, rows)
    return {name: work(f"{WORK}.{name}", str(folder)) for name in (OURS, PRESETS)}


def beside_figures(found: Round, rows: int) -> list[Figure]:
    """Times, memory and whether both say the same of each column."""
    ours, theirs = found[OURS], found[PRESETS]
    said = theirs.told["drifted"]
    same = [ours.told["drifted"][name] == drifted for name, drifted in said.items()]
    size = f"{rows / 1e6:g} M against {rows / 1e6:g} M rows, {COLUMNS} columns"
    return [
        Figure("checks and report", ours.wall, "s", Target("<", 30), compared_with=size),
        Figure("checks and report: processor time", ours.cpu, "s", compared_with=size),
        Figure("checks and report: memory", ours.memory / 1e9, "GB", Target("<", 1.5), None, size),
        Figure("presets", theirs.wall, "s", compared_with="all rows in a data frame"),
        Figure("presets: memory", theirs.memory / 1e9, "GB", compared_with=size),
        Figure("times as fast as the presets", theirs.wall / ours.wall, "x", Target(">", 5)),
        Figure(
            "columns with the presets' verdict",
            sum(same) / len(same),
            "share",
            Target(">", 0.999),
            compared_with=f"{len(same)} columns, {sum(theirs.told['drifted'].values())} drifted",
        ),
    ]


def measure_large(folder: Path, rows: int) -> Round:
    """Our checks on so many rows a month."""
    if not folder.exists():
        make(folder, rows)
    return {OURS: work(f"{WORK}.{OURS}", str(folder))}


def large_figures(large: Round, small: Round, rows: int) -> list[Figure]:
    """How time and memory grow with the rows; `rows` are those of the large log."""
    one, ten = small[OURS], large[OURS]
    against = f"against {rows / TIMES_THE_DATA / 1e6:g} M rows"
    return [
        Figure(f"{rows / 1e6:g} M rows: checks and report", ten.wall, "s"),
        Figure(
            f"{rows / 1e6:g} M rows: time a row",
            ten.wall / one.wall / TIMES_THE_DATA,
            "x",
            Target("<", 1),
            compared_with=against,
        ),
        Figure(
            f"{rows / 1e6:g} M rows: memory",
            ten.memory / one.memory,
            "x",
            Target("<", 1.15),
            compared_with=against,
        ),
    ]


def check_same(rounds: Sequence[Round]) -> None:
    """Raise RuntimeError where more rows change what is said."""
    verdicts = {one[OURS].told["verdict"] for one in rounds}
    if len(verdicts) > 1:
        raise RuntimeError(f"the number of rows changes the verdict: {sorted(verdicts)}")
