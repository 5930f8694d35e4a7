"""Months of serving under a policy of retraining, played through with the pipelines' functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from adclick.config import RunConfig
from adclick.monitoring.months import profile_reference, report_months
from adclick.monitoring.verdict import Judgement
from adclick.retraining.decision import Standing, decide_retraining, selection
from adclick.scoring.source import of_months
from benchmarks.retraining.training import Version, challenge
from benchmarks.retraining.world import World

# the last clicks have come by then
DAYS_AFTER_A_MONTH = 3

type Ask = Callable[[World, Version, str, RunConfig], Judgement]


@dataclass(frozen=True)
class Served:
    """A month of serving: the version, its expected AUC, and what was done after the month."""

    month: str
    version: str
    auc: float
    trained: bool
    promoted: bool
    what: str


def serve(
    world: World, champion: Version, first: str, ask: Ask | None, config: RunConfig, folder: Path
) -> Iterator[Served]:
    """Serve each month from the first on, and after it train where `ask` and nothing against it.

    None never trains. A challenger that is promoted serves the next month.
    """
    made, at = champion, _after(champion.log.month_names[-1])
    for month in world.months[world.months.index(first) :]:
        auc = world.auc(champion.bundle, month)
        if ask is None:
            yield Served(month, champion.name, auc, False, False, "")
            continue
        log = world.between(world.months[0], month)
        standing = Standing(
            champion=champion.name,
            months=champion.log.month_names,
            newest=made.name,
            trained=at,
        )
        decision = decide_retraining(
            ask(world, champion, month, config),
            log.month_names,
            standing,
            _after(month),
            config.retraining,
        )
        if not decision.retrain:
            yield Served(month, champion.name, auc, False, False, decision.reason)
            continue
        chosen = of_months(log, selection(decision.months))
        tried = challenge(champion, chosen, config, folder / month)
        served = Served(
            month,
            champion.name,
            auc,
            True,
            tried.promoted,
            f"{decision.reason}; {'promoted' if tried.promoted else 'kept back'}: {tried.reason}",
        )
        made, at = tried.version, _after(month)
        champion = tried.version if tried.promoted else champion
        yield served


def by_verdict(world: World, champion: Version, month: str, config: RunConfig) -> Judgement:
    """What monitoring the month says."""
    learned, split, bundle = champion.log, champion.split, champion.bundle
    reference = profile_reference(learned, split, bundle, config.monitoring)
    log = world.between(month, month)
    return report_months(log, learned, split, bundle, reference, config.monitoring).judgement


def _after(month: str) -> datetime:
    """When a month that is over is looked at."""
    end: datetime = (np.datetime64(month, "M") + 1).astype("datetime64[s]").astype(object)
    return end + timedelta(days=DAYS_AFTER_A_MONTH)
