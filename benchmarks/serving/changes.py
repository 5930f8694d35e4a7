"""Requests while versions change and a worker dies, through Envoy, and the same load without."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import psutil

from benchmarks.figures import Figure, Target
from benchmarks.processes import local_seldon
from benchmarks.serving.answers import Answers, Asked
from benchmarks.serving.contenders import ours
from benchmarks.serving.contest import CLIENTS, NO_ERRORS, WARM_SECONDS, asking
from benchmarks.serving.world import World
from serving.process_table import free_port
from serving.processes import LocalSeldon

WITHOUT = "without"
CANARY_PER_CENT = 20
# the load goes on for as long before and after a change
AROUND_SECONDS = 1.0
MOST_SECONDS = 120.0
POLL_SECONDS = 0.02
SLOW = Target("<", 250)

Changes = Mapping[str, Answers]


def measure_changes(world: World, folder: Path, rounds: int, seconds: float) -> list[Changes]:
    """In each round the answers to a load during each change, by its name, and WITHOUT one."""
    port = free_port()
    seldon = local_seldon(folder, port)
    edge = replace(ours(world, folder, workers=2), name="edge", port=port)
    try:
        seldon.deploy(world.bundle)
        asked = asking(edge, world, folder, 1)
        asked.ask(WARM_SECONDS, CLIENTS)
        found = []
        for _ in range(rounds):
            changes = _changes(seldon, world, seconds)
            found.append({name: _during(change, asked) for name, change in changes.items()})
            seldon.deploy(world.bundle)
        return found
    finally:
        seldon.stop()


def _changes(
    seldon: LocalSeldon, world: World, seconds: float
) -> Mapping[str, Callable[[], object]]:
    """What is done one after the other; it begins with the first version and ends with the next."""
    return {
        WITHOUT: partial(time.sleep, seconds),
        "roll-out": lambda: seldon.deploy(world.next_bundle),
        "rollback": seldon.rollback,
        "canary": lambda: seldon.deploy(world.next_bundle, CANARY_PER_CENT),
        "promote": seldon.promote,
        "crash of a worker": lambda: _crash(seldon),
    }


def _during(change: Callable[[], object], asked: Asked) -> Answers:
    with asked.asking(MOST_SECONDS, CLIENTS) as load:
        time.sleep(AROUND_SECONDS)
        change()
        time.sleep(AROUND_SECONDS)
        load.end()
        return load.answers()


def _crash(seldon: LocalSeldon) -> None:
    """Kill a worker of the champion and wait for the one that takes its place."""
    champion = seldon.status().champion
    assert champion and champion.pid
    master = psutil.Process(champion.pid)
    workers = master.children()
    workers[0].kill()
    while workers[0].is_running() or len(master.children()) < len(workers):
        time.sleep(POLL_SECONDS)


def changes_figures(rounds: Sequence[Changes]) -> list[Figure]:
    """Failed requests and the slowest of all rounds, beside that of the load without a change."""
    figures = []
    without = max(one[WITHOUT].slowest for one in rounds)
    for name in rounds[0]:
        answers = [one[name] for one in rounds]
        if name != WITHOUT:
            failed = sum(one.failed for one in answers)
            figures.append(Figure(f"{name}: failed", failed, "requests", NO_ERRORS))
            slowest = max(one.slowest for one in answers)
            figures.append(
                Figure(
                    f"{name}: slowest",
                    slowest,
                    "ms",
                    SLOW,
                    compared_with=f"without: {without:.0f} ms; {CLIENTS} clients, "
                    f"{sum(map(len, answers)):,} requests",
                )
            )
    return figures
