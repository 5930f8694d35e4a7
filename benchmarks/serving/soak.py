"""Half of the peak for minutes: what the server's memory does, and whether its log is complete."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from adclick.arrays import Array
from adclick.prediction_log import CANDIDATE, REQUEST
from adclick.records.reading import read_records
from benchmarks.figures import Figure, Target
from benchmarks.processes import memory
from benchmarks.serving.answers import OK, Answers, Asked, RunningLoad, write_bodies
from benchmarks.serving.contenders import ours
from benchmarks.serving.contest import CLIENTS, NO_ERRORS, WARM_SECONDS
from benchmarks.serving.load import ID
from benchmarks.serving.open_load import OPEN_CLIENTS, WORKERS
from benchmarks.serving.servers import Server, running
from benchmarks.serving.world import World

NAME = "soak"
LOOK_SECONDS = 1.0
PEAK_SECONDS = 4.0
GROWTH = Target("<", 15)


@dataclass(frozen=True)
class Soak:
    """The answers of a soak, memory second by second in bytes, and candidates in the log.

    Of the candidates answered, `lost` are not in the log, and `repeated` more than once.
    """

    rows: int
    answers: Answers
    memory: tuple[int, ...]
    lost: int
    repeated: int

    @property
    def grown(self) -> float:
        """MB of the last quarter's memory above the second's; the first warms caches."""
        quarter = max(len(self.memory) // 4, 1)
        return (median(self.memory[-quarter:]) - median(self.memory[quarter : 2 * quarter])) / 1e6


def measure_soak(world: World, folder: Path, minutes: float, rows: int) -> Soak:
    """Requests of so many rows for so many minutes at half of the peak."""
    contender = ours(world, folder, WORKERS)
    log = folder / f"predictions-{contender.port}"
    starts = range(0, len(world.rows) - rows + 1, rows)
    bodies = [
        json.dumps({"meta": {"puid": ID.decode()}, **contender.body(world.rows[at : at + rows])})
        for at in starts
    ]
    path = write_bodies(folder / "soak.jsonl", [body.encode() for body in bodies])
    asked = Asked(contender.port, contender.path, path)
    with running(contender, folder) as server:
        asked.ask(WARM_SECONDS, CLIENTS)
        peak = asked.ask(PEAK_SECONDS, CLIENTS).per_second
        with asked.asking(60 * minutes, OPEN_CLIENTS, peak / 2, NAME) as load:
            weights = _weigh(server, load)
            answers = load.answers()
    lost, repeated = logged(log, answers, rows)
    return Soak(rows, answers, weights, lost, repeated)


def _weigh(server: Server, load: RunningLoad) -> tuple[int, ...]:
    """The servers' memory while they are under load, without that of compactions."""
    found = []
    while load.process.poll() is None:
        found.append(memory([server.process, *server.process.children()]))
        time.sleep(LOOK_SECONDS)
    return tuple(found)


def logged(log: Path, answers: Answers, rows: int) -> tuple[int, int]:
    """How many of the answered candidates the log lacks, and how many it has again."""
    records = read_records(str(log), [REQUEST, CANDIDATE])
    keys = [_keys(table, rows) for table in records]
    there, times = np.unique(np.concatenate(keys), return_counts=True)
    requests = np.flatnonzero(answers.statuses == OK)
    wanted = (requests[:, None] * rows + np.arange(rows)).ravel()
    return len(np.setdiff1d(wanted, there)), int((times - 1).sum())


def _keys(table: pa.Table, rows: int) -> Array:
    """A number for each candidate of the soak."""
    soak = table.filter(pc.starts_with(table[REQUEST], f"{NAME}-"))
    numbers = pc.utf8_slice_codeunits(soak[REQUEST], len(NAME) + 1).cast(pa.int64())
    return numbers.to_numpy() * rows + soak[CANDIDATE].to_numpy()


def soak_figures(soak: Soak) -> list[Figure]:
    """Errors, times, memory and log."""
    minutes = float(soak.answers.starts.max() - soak.answers.starts.min()) / 60
    what = (
        f"{soak.rows} rows, {len(soak.answers) / minutes / 60:,.0f} requests/s, {minutes:.1f} min"
    )
    candidates = f"of {len(soak.answers) * soak.rows:,} candidates"
    return [
        Figure("soak: errors", soak.answers.failed, "requests", NO_ERRORS, compared_with=what),
        Figure("soak: p99", soak.answers.milliseconds(99), "ms"),
        Figure(
            "soak: memory grown",
            soak.grown,
            "MB",
            GROWTH,
            compared_with=f"to {soak.memory[-1] / 1e6:.0f} MB, {WORKERS} workers",
        ),
        Figure("soak: not in the log", soak.lost, "rows", NO_ERRORS, compared_with=candidates),
        Figure("soak: more than once in the log", soak.repeated, "rows", NO_ERRORS),
    ]
