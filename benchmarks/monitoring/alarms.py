"""How often a month of the same world is said to be more than fine, and a fault is found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

from adclick.monitoring.checks import DriftChecks
from adclick.monitoring.verdict import VERDICTS, judge, worst_first
from benchmarks.figures import Figure, Spread, Target
from benchmarks.monitoring.faults import FAULTS
from benchmarks.monitoring.months import SampleWorld
from benchmarks.monitoring.watch import TRAINED, WatchedWorld

PROCESSES = 2
# the checks' bounds were set on worlds of lower seeds
FIRST_SEED = 1_000
SURE = 1.96


@dataclass(frozen=True)
class Worlds:
    """So many worlds of months of some size, and whether each fault has to be found in each."""

    worlds: int
    months: int
    rows: int
    creatives: int
    sure: bool = False

    @property
    def size(self) -> str:
        """A month of them."""
        return f"{self.rows:,} rows and {self.creatives} new ads a month"


@dataclass
class Counts:
    """Months watched and verdicts on them, faults planted and named, by fault."""

    months: int = 0
    alarms: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    named: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.months + other.months,
            self.alarms + other.alarms,
            self.faults + other.faults,
            self.named + other.named,
        )


def count(worlds: Worlds, say: Callable[[str], None]) -> Counts:
    """The counts over all worlds, in two processes."""
    counts = Counts()
    with ProcessPoolExecutor(PROCESSES) as pool:
        jobs = [(worlds, FIRST_SEED + number) for number in range(worlds.worlds)]
        for number, found in enumerate(pool.map(_count_one, jobs), start=1):
            counts += found
            say(f"{worlds.size}: world {number} of {worlds.worlds}")
    return counts


def _count_one(job: tuple[Worlds, int]) -> Counts:
    """Every month from the sixth on is watched, and the last is spoilt in each way."""
    worlds, seed = job
    world = SampleWorld.of(seed, worlds.months, worlds.rows, worlds.creatives)
    watched = WatchedWorld(world, DriftChecks(), pictures=True)
    counts = Counts()
    for month in range(TRAINED + 1, worlds.months):
        findings = watched.watch(month)
        counts.months += 1
        if judge(findings).verdict != "fine":
            counts.alarms[worst_first(findings)[0].check] += 1
    for fault in FAULTS:
        findings = watched.watch(worlds.months - 1, fault)
        counts.faults[fault.name] += 1
        worst = worst_first(findings)
        enough = VERDICTS.index(judge(findings).verdict) >= VERDICTS.index(fault.verdict)
        if worst and worst[0].column in fault.columns and enough:
            counts.named[fault.name] += 1
    return counts


def alarm_figures(counted: Iterable[tuple[Worlds, Counts]]) -> list[Figure]:
    """Shares of months and of faults, by size and over all."""
    figures = []
    total = Counts()
    for worlds, counts in counted:
        total += counts
        figures.append(_alarms(f"false alarms, {worlds.size}", counts))
        figures += [
            Figure(
                f"{name}, {worlds.size}",
                counts.named[name] / planted,
                "share named",
                Target(">", 0.999) if worlds.sure else None,
                compared_with=f"{planted} months, the first with the fault",
            )
            for name, planted in counts.faults.items()
        ]
    return [_alarms("false alarms", total, Target("<", 0.02)), *figures]


def _alarms(name: str, counts: Counts, target: Target | None = None) -> Figure:
    alarms = sum(counts.alarms.values())
    low, high = _wilson(alarms, counts.months)
    what = ", ".join(f"{count} {check}" for check, count in counts.alarms.most_common())
    return Figure(
        name,
        alarms / counts.months,
        "share of months",
        target,
        Spread(low, high, "95 % interval"),
        f"{alarms} of {counts.months} months{f': {what}' if what else ''}",
    )


def _wilson(found: int, of: int) -> tuple[float, float]:
    """Wilson, Probable inference, 1927."""
    share, squared = found / of, SURE**2 / of
    middle = (share + squared / 2) / (1 + squared)
    reach = SURE * (share * (1 - share) / of + squared / 4 / of) ** 0.5 / (1 + squared)
    return middle - reach, middle + reach
