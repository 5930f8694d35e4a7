"""How soon a server is ready, and what memory a second version takes on top of the first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import Figure, Target
from benchmarks.serving.contenders import Contender, ours
from benchmarks.serving.contest import CLIENTS, asking
from benchmarks.serving.servers import Server, running
from benchmarks.serving.world import World

WORKERS = 2
ASK_SECONDS = 2.0


@dataclass(frozen=True)
class Start:
    """Seconds until ready; bytes of the first version, and of two beside each other."""

    ready: float
    first: int
    both: int


def measure_start(world: World, folder: Path) -> Start:
    """One round: two servers, started one after the other, both asked before they are weighed."""
    with running(ours(world, folder, WORKERS), folder) as first:
        _ask(first, world, folder)
        alone = first.memory()
        with running(ours(world, folder, WORKERS), folder) as second:
            _ask(second, world, folder)
            return Start(second.ready, alone, first.memory() + second.memory())


def _ask(server: Server, world: World, folder: Path) -> None:
    contender: Contender = server.contender
    asking(contender, world, folder, 1).ask(ASK_SECONDS, CLIENTS)


def start_figures(rounds: Sequence[Start]) -> list[Figure]:
    """Time and memory against their targets."""
    return [
        Figure.of("start: ready", [one.ready for one in rounds], "s", Target("<", 5)),
        Figure.of(
            "memory of one more version",
            [(one.both - one.first) / 1e6 for one in rounds],
            "MB",
            Target("<", 150),
            f"the first: {rounds[0].first / 1e6:.0f} MB, {WORKERS} workers, shared memory once",
        ),
    ]
