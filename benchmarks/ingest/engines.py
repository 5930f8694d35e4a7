"""The same job with other engines, in an environment of their own: `make .venv-bench/installed`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.figures import Figure, Target
from benchmarks.ingest.data import Made, made_in
from benchmarks.ingest.flaws import quarantined
from benchmarks.ingest.workers import WORK, Worked, peak_memory, work
from benchmarks.processes import REPOSITORY

PYTHON = REPOSITORY / ".venv-bench" / "bin" / "python"
PEERS = "benchmarks.ingest.peers"
OURS = "ours"
ENGINES: Mapping[str, tuple[str, ...]] = {
    "Ray Data": (f"{PEERS}.ray_data",),
    "Daft": (f"{PEERS}.daft_frames",),
    "Beam, 1 process": (f"{PEERS}.beam", "1"),
    "Beam, 2 processes": (f"{PEERS}.beam", "2"),
}
SAME_ROWS = Target("<", 1)

Round = dict[str, Worked | str]


def measure_engines(data: Path) -> Round:
    """One round: what each engine took, or why it did not do the job."""
    found: Round = {OURS: _measured(WORK + ".ours", str(data), "--images")}
    for name, (module, *more) in ENGINES.items():
        try:
            found[name] = _measured(module, str(data), *more, python=str(PYTHON))
        except (RuntimeError, OSError) as error:
            found[name] = str(error).splitlines()[-1]
    return found


def engine_figures(rounds: Sequence[Round], data: Path) -> list[Figure]:
    """Time, processor time, memory and outcome of each engine, and ours within the same round."""
    made = made_in(data)
    return [figure for name in rounds[0] for figure in _of_engine(name, rounds, made)]


def _of_engine(name: str, rounds: Sequence[Round], made: Made) -> list[Figure]:
    done = [
        (worked, ours)
        for worked, ours in ((one[name], one[OURS]) for one in rounds)
        if isinstance(worked, Worked) and isinstance(ours, Worked)
    ]
    failures = [worked for one in rounds if isinstance(worked := one[name], str)]
    failed = [
        Figure(f"job, {name}: failed", len(failures), "rounds", None, None, failures[-1])
        for _ in failures[:1]
    ]
    if not done:
        return failed
    size = f"{made.rows:,} rows, {done[0][1].told['creatives']:,} JPEGs"
    ratio = [worked.wall / ours.wall for worked, ours in done]
    others = [
        Figure.of(f"job, {name}: times our time", ratio, "x"),
        Figure.of(
            f"job, {name}: rows unlike ours",
            [_unlike(worked, made) for worked, _ in done],
            "rows",
            SAME_ROWS,
            "kept or in quarantine",
        ),
    ]
    return [
        *failed,
        Figure.of(f"job, {name}", [worked.wall for worked, _ in done], "s", None, size),
        Figure.of(f"job, {name}, processor time", [worked.cpu for worked, _ in done], "s"),
        Figure.of(f"job, {name}, memory", [worked.memory / 1e6 for worked, _ in done], "MB"),
        *(others if name != OURS else []),
    ]


def _unlike(worked: Worked, made: Made) -> int:
    """How far the rows kept and those in quarantine are from what was put in."""
    bad = quarantined(made.flaws, images=True)
    kept_off = abs(worked.told["kept"] - (made.rows - bad))
    return kept_off + abs(worked.told["quarantined"] - bad)


def _measured(module: str, *arguments: str, **python: str) -> Worked:
    # engines work in processes of their own: all count
    with peak_memory() as peak:
        worked = work(module, *arguments, **python)
    return replace(worked, memory=peak.memory)
