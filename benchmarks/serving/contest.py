"""Our server beside others with the same model: processor time of a request, and how long it took.

All stand ready; in each round every one of them in turn answers eight clients for some seconds.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import Figure, Target
from benchmarks.serving.answers import Asked, write_bodies
from benchmarks.serving.contenders import Contender, contenders
from benchmarks.serving.servers import Server, running
from benchmarks.serving.world import World

CLIENTS = 8
WARM_SECONDS = 1.0
OURS = "ours"
# of our processor time to a contender's; a peer without prediction log and metrics may take less
RATIOS: Mapping[str, float] = {
    "Seldon, stock": 1 / 3,
    "MLServer": 1.0,
    "BentoML": 1.0,
    "FastAPI": 1.3,
}
NO_ERRORS = Target("<", 1)


@dataclass(frozen=True)
class Turn:
    """One contender's part of a round: seconds of processor time a request, milliseconds, errors.

    `per_second` is what it answered of requests each waiting for the one before.
    """

    cpu: float
    p50: float
    p99: float
    per_second: float
    failed: int


Round = dict[str, Turn]


def measure_contest(
    world: World, folder: Path, rounds: int, seconds: float, rows: int, workers: int = 1
) -> list[Round]:
    """What each contender took in each round, for requests of so many rows."""
    with ExitStack() as stack:
        servers = [
            stack.enter_context(running(one, folder)) for one in contenders(world, folder, workers)
        ]
        asked = {}
        for server in servers:
            server.check(world)
            asked[server.contender.name] = asking(server.contender, world, folder, rows)
        found = []
        for number in range(rounds):
            # each comes first, second ... in turn: what a neighbour does hits all alike
            order = servers[number % len(servers) :] + servers[: number % len(servers)]
            found.append({one.contender.name: _turn(one, asked, seconds) for one in order})
    return found


def asking(contender: Contender, world: World, folder: Path, rows: int) -> Asked:
    """How a contender is asked for so many rows at a time."""
    starts = range(0, len(world.rows) - rows + 1, rows)
    bodies = [
        json.dumps(contender.body(world.rows[start : start + rows])).encode() for start in starts
    ]
    path = folder / f"{contender.name}-{contender.port}-{rows}.jsonl"
    return Asked(contender.port, contender.path, write_bodies(path, bodies))


def _turn(server: Server, asked: Mapping[str, Asked], seconds: float) -> Turn:
    ask = asked[server.contender.name].ask
    ask(WARM_SECONDS, CLIENTS)
    before = server.cpu()
    answers = ask(seconds, CLIENTS)
    return Turn(
        cpu=(server.cpu() - before) / len(answers),
        p50=answers.milliseconds(50),
        p99=answers.milliseconds(99),
        per_second=answers.per_second,
        failed=answers.failed,
    )


def single_figures(rounds: Sequence[Round]) -> list[Figure]:
    """Processor time of a single row's request, ours to that of each other in the same round."""
    figures = [figure for name in rounds[0] for figure in _of_contender(name, rounds, 1)]
    for name, bound in RATIOS.items():
        ratios = [one[OURS].cpu / one[name].cpu for one in rounds]
        figures.append(
            Figure.of(
                f"single row: ours to {name}",
                ratios,
                "x",
                Target("<", round(bound, 4)),
                "processor time a request",
            )
        )
    return figures


def many_figures(rounds: Sequence[Round], rows: int) -> list[Figure]:
    """Rows scored a second of processor time."""
    figures = []
    for name in rounds[0]:
        per_core = [rows / one[name].cpu for one in rounds]
        target = Target(">", 30_000) if name == OURS else None
        figures.append(
            Figure.of(f"{rows} rows, {name}: a second and core", per_core, "ads", target)
        )
        figures += _of_contender(name, rounds, rows)
    return figures


def _of_contender(name: str, rounds: Sequence[Round], rows: int) -> list[Figure]:
    turns = [one[name] for one in rounds]
    what = f"{'single row' if rows == 1 else f'{rows} rows'}, {name}"
    speed = f"{rows * sorted(one.per_second for one in turns)[len(turns) // 2]:,.0f} ads/s"
    return [
        Figure.of(f"{what}: processor time", [1e6 * one.cpu for one in turns], "us", None, speed),
        Figure.of(f"{what}: p50", [one.p50 for one in turns], "ms"),
        Figure.of(f"{what}: p99", [one.p99 for one in turns], "ms"),
        Figure(f"{what}: errors", sum(one.failed for one in turns), "requests", NO_ERRORS),
    ]
