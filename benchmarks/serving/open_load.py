"""How long requests take at half of what the server can do, and those that bring a new picture."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import Figure, Target
from benchmarks.serving.answers import Answers, Asked, write_bodies
from benchmarks.serving.contenders import Contender, ours
from benchmarks.serving.contest import CLIENTS, NO_ERRORS, WARM_SECONDS, asking
from benchmarks.serving.servers import running
from benchmarks.serving.world import World

# so many that a request is never kept waiting for want of a client
OPEN_CLIENTS = 64
WORKERS = 2
NEW_CREATIVES_PER_SECOND = 10


@dataclass(frozen=True)
class HalfPeak:
    """The most requests a second that clients got answered, and the answers at half of that."""

    peak: float
    answers: Answers


def measure_half_peak(
    world: World, folder: Path, rounds: int, seconds: float, rows: int
) -> list[HalfPeak]:
    """Requests of so many rows, in each round for so many seconds at the peak and at half of it."""
    contender = ours(world, folder, WORKERS)
    with running(contender, folder):
        asked = asking(contender, world, folder, rows)
        asked.ask(WARM_SECONDS, CLIENTS)
        found = []
        for _ in range(rounds):
            peak = asked.ask(seconds, CLIENTS).per_second
            found.append(HalfPeak(peak, asked.ask(seconds, OPEN_CLIENTS, peak / 2)))
    return found


def half_peak_figures(rounds: Sequence[HalfPeak], rows: int) -> list[Figure]:
    """The slowest of a hundred, and errors."""
    what = f"{rows} rows at half peak"
    peak = rows * sorted(one.peak for one in rounds)[len(rounds) // 2]
    return [
        Figure.of(f"{what}: p50", [one.answers.milliseconds(50) for one in rounds], "ms"),
        Figure.of(
            f"{what}: p99",
            [one.answers.milliseconds(99) for one in rounds],
            "ms",
            Target("<", 20),
            f"peak {peak:,.0f} ads/s, {WORKERS} workers",
        ),
        _errors(what, [one.answers for one in rounds]),
    ]


def measure_new_creatives(world: World, folder: Path, rounds: int, seconds: float) -> list[Answers]:
    """Single rows whose creative no request had before, each with its picture."""
    contender = ours(world, folder, WORKERS, new_images="inline")
    found = []
    with running(contender, folder):
        for number in range(rounds):
            count = int(3 * seconds * NEW_CREATIVES_PER_SECOND)
            asked = _asking_new(
                contender, world, folder, range(number * count, (number + 1) * count)
            )
            found.append(asked.ask(seconds, OPEN_CLIENTS, NEW_CREATIVES_PER_SECOND))
    return found


def new_creative_figures(rounds: Sequence[Answers]) -> list[Figure]:
    """The slowest of a hundred, and errors."""
    what = "new creative with image"
    rate = f"{NEW_CREATIVES_PER_SECOND} new creatives/s"
    p99 = [one.milliseconds(99) for one in rounds]
    return [
        Figure.of(f"{what}: p50", [one.milliseconds(50) for one in rounds], "ms"),
        Figure.of(f"{what}: p99", p99, "ms", Target("<", 60), rate),
        _errors(what, rounds),
    ]


def _asking_new(contender: Contender, world: World, folder: Path, numbers: range) -> Asked:
    schema = world.bundle.schema
    assert schema.creative is not None and schema.image is not None
    pictures = world.pictures
    bodies = []
    for number in numbers:
        picture = base64.b64encode(pictures[number % len(pictures)].read_bytes()).decode()
        row = world.rows[number % len(world.rows)]
        new = {**row, schema.creative: f"new-{number}", schema.image: picture}
        bodies.append(json.dumps(contender.body([new])).encode())
    return Asked(contender.port, contender.path, write_bodies(folder / "new.jsonl", bodies))


def _errors(what: str, answers: Sequence[Answers]) -> Figure:
    return Figure(f"{what}: errors", sum(one.failed for one in answers), "requests", NO_ERRORS)
