"""A round of each way to score, and the figures that rounds give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from adclick.planning.prices import load_prices
from adclick.resources import StepResources
from benchmarks.figures import Figure, Target
from benchmarks.ingest.workers import Worked, work
from benchmarks.processes import REPOSITORY
from benchmarks.scoring.log import manifest
from benchmarks.serving.contenders import ours
from benchmarks.serving.contest import CLIENTS, WARM_SECONDS, asking
from benchmarks.serving.servers import running
from benchmarks.serving.world import World

WORK = "benchmarks.scoring.work"
CANDIDATES = 128
WORKERS = 2
ROWS_A_SECOND, TIMES_KERAS, FLAT = Target(">", 150_000), Target(">", 20), Target("<", 1.15)
AGREEMENT = 1e-6
MILLION = 1e6
PRICES = REPOSITORY / "configs" / "prices" / "gcp.yaml"
REGION, MACHINE = "us-central1", "n1-standard-4"


@dataclass(frozen=True)
class Asked:
    """What the API did in a turn: rows a second, and processor seconds of the server for a row."""

    per_second: float
    cpu: float
    failed: int


@dataclass(frozen=True)
class Round:
    """The large log, a quarter of it, that as an ad log, all creatives new; Keras and the API."""

    large: Worked
    quarter: Worked
    ad_log: Worked
    new: Worked
    keras: Worked
    api: Asked


def measure_round(
    world: World,
    large: Path,
    quarter: Path,
    ignorant: Path,
    folder: Path,
    keras_rows: int,
    seconds: float,
) -> Round:
    """Each way once, in a process of its own; raises RuntimeError where scores differ."""
    bundle = str(world.bundle.path)
    one = Round(
        large=work(f"{WORK}.ours", str(large / "data"), bundle),
        quarter=work(f"{WORK}.ours", str(quarter / "data"), bundle),
        ad_log=work(f"{WORK}.ours", str(manifest(quarter)), bundle),
        new=work(f"{WORK}.ours", str(quarter / "data"), str(ignorant)),
        keras=work(
            f"{WORK}.keras_predict", str(quarter), str(world.folder), "--rows", str(keras_rows)
        ),
        api=_ask(world, folder, seconds),
    )
    check_round(one)
    return one


def check_round(one: Round) -> None:
    """Raise RuntimeError where ways did not do the same work."""
    for worked in (one.ad_log, one.new, one.keras):
        gap = np.abs(np.subtract(worked.told["first"], one.quarter.told["first"])).max()
        # an embedding that was made anew is the bundle's but for its last bits
        if not gap <= (1e-4 if worked is one.new else AGREEMENT):
            raise RuntimeError(f"scores of the same rows differ by {gap:.1e}")
    for worked in (one.large, one.quarter, one.ad_log):
        if worked.told["known"] != worked.told["rows"]:
            raise RuntimeError(f"{worked.told['known']:,} rows show a known creative: not all")
    if one.new.told["known"] or not one.new.told["embedded"]:
        raise RuntimeError("not every creative was new")


def _ask(world: World, folder: Path, seconds: float) -> Asked:
    contender = ours(world, folder, WORKERS)
    with running(contender, folder) as server:
        server.check(world)
        ask = asking(contender, world, folder, CANDIDATES).ask
        ask(WARM_SECONDS, CLIENTS)
        before = server.cpu()
        answers = ask(seconds, CLIENTS)
        cpu = server.cpu() - before
    return Asked(answers.per_second * CANDIDATES, cpu / len(answers) / CANDIDATES, answers.failed)


def scoring_figures(rounds: Sequence[Round], log: Path) -> list[Figure]:
    """Rates against their targets, what a million rows take, and whether memory grows."""
    first = rounds[0]
    rows, quarter = (_millions(one) for one in (first.large, first.quarter))
    keras = f"{first.keras.told['rows']:,} rows of the ad log, 1,000 at once; embeddings looked up"
    files, ad_log = ([_rate(one) for one in many] for many in _ours(rounds))
    return [
        Figure.of("files, known creatives", files, "rows/s", ROWS_A_SECOND, rows),
        Figure.of("ad log, known creatives", ad_log, "rows/s", ROWS_A_SECOND, quarter),
        Figure.of(
            "files, all creatives new",
            [_rate(one.new) for one in rounds],
            "rows/s",
            None,
            f"{quarter}, {first.new.told['embedded']:,} images to decode and embed",
        ),
        Figure.of("keras.predict", [_rate(one.keras) for one in rounds], "rows/s", None, keras),
        Figure.of(
            "ad log: times keras.predict",
            [_rate(one.ad_log) / _rate(one.keras) for one in rounds],
            "x",
            TIMES_KERAS,
        ),
        Figure.of(
            "files: times keras.predict",
            [_rate(one.large) / _rate(one.keras) for one in rounds],
            "x",
            TIMES_KERAS,
            "which reads an ad log, ingested before",
        ),
        Figure.of(
            f"API, {CANDIDATES} candidates",
            [one.api.per_second for one in rounds],
            "rows/s",
            None,
            f"{WORKERS} workers, {CLIENTS} clients on the same cores",
        ),
        Figure.of(
            "files: times the API", [_rate(one.large) / one.api.per_second for one in rounds], "x"
        ),
        Figure.of("API: errors", [one.api.failed for one in rounds], "requests", Target("<", 1)),
        Figure.of(
            "memory for 4 times the rows",
            [one.large.memory / one.quarter.memory for one in rounds],
            "x",
            FLAT,
            f"{quarter}: {first.quarter.memory / MILLION:.0f} MB",
        ),
        Figure.of("memory", [one.large.memory / MILLION for one in rounds], "MB", None, rows),
        *_of_a_million(rounds),
    ]


def _of_a_million(rounds: Sequence[Round]) -> list[Figure]:
    """Processor time and money; a server's while it answers, not while it waits."""
    seconds = {
        "files": [one.large.cpu / one.large.told["rows"] for one in rounds],
        "ad log": [one.ad_log.cpu / one.ad_log.told["rows"] for one in rounds],
        "keras.predict": [one.keras.cpu / one.keras.told["rows"] for one in rounds],
        f"API, {CANDIDATES} candidates": [one.api.cpu for one in rounds],
    }
    hourly, cores = _price()
    told = f"{MACHINE} in {REGION} at {hourly:g} USD an hour, all {cores:g} cores busy"
    figures = []
    for name, of_row in seconds.items():
        of_million = [MILLION * cpu for cpu in of_row]
        cost = [MILLION * cpu * hourly / cores / 3600 for cpu in of_million]
        figures.append(Figure.of(f"a million rows, {name}: processor time", of_million, "s"))
        figures.append(Figure.of(f"a million rows, {name}: cost", cost, "µUSD", None, told))
    return figures


def _price() -> tuple[float, float]:
    """Dollars an hour of the machine, and its cores."""
    prices = load_prices(PRICES)
    hourly = prices.hourly(REGION, StepResources(machine=MACHINE))
    cores = prices.cpus(REGION, MACHINE)
    assert isinstance(hourly, float) and cores is not None
    return hourly, cores


def _ours(rounds: Sequence[Round]) -> tuple[list[Worked], list[Worked]]:
    return [one.large for one in rounds], [one.ad_log for one in rounds]


def _millions(worked: Worked) -> str:
    return f"{worked.told['rows'] / MILLION:.3g} M rows"


def _rate(worked: Worked) -> float:
    return float(worked.told["rows"] / worked.wall)
