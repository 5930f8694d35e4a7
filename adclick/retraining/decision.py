"""Whether to train again: what the verdict asks for, unless something speaks against it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
from pydantic import BaseModel, ConfigDict

from adclick.monitoring.verdict import Judgement, Verdict
from adclick.retraining.options import RetrainingOptions


class Standing(BaseModel):
    """Where a model stands when it is asked whether to train it again.

    `champion` is the version in production and `months` those of its log, on which it was trained
    and tested. `waiting` is a version that is staged or on trial, `newest` the one that was trained
    last, at `trained` (UTC).
    """

    model_config = ConfigDict(frozen=True)

    champion: str
    months: tuple[str, ...]
    newest: str
    trained: datetime
    waiting: str | None = None


class RetrainingDecision(BaseModel):
    """Whether to train again, and why in one line; `months` are those to train and test on.

    `refused` says that the verdict asks for it and something else speaks against it, or that the
    verdict is stop; a model that nobody asked to retrain is not `refused`.
    """

    model_config = ConfigDict(frozen=True)

    verdict: Verdict
    retrain: bool
    refused: bool
    reason: str
    champion: str
    months: tuple[str, ...] = ()


def decide_retraining(
    judgement: Judgement,
    months: Sequence[str],
    standing: Standing,
    now: datetime,
    options: RetrainingOptions,
) -> RetrainingDecision:
    """Retrain where the verdict is 'retrain' and nothing speaks against it.

    `months` are those that were monitored, oldest first. Against it speaks: data or a model that
    are broken ('stop'), a version that waits for its deployment or is on trial, no month later than
    the champion's, and a training within the cool-down.
    """
    why = judgement.reasons[0] if judgement.reasons else ""
    against = _against(judgement.verdict, why, months, standing, now, options)
    chosen = tuple(months[-options.most_months :])
    asked = judgement.verdict in ("retrain", "stop")
    if not asked:
        reason = f"the verdict is {judgement.verdict}" + (f": {why}" if why else "")
    elif against:
        reason = against
    else:
        reason = f"on {chosen[0]} to {chosen[-1]}, because of {why}"
    return RetrainingDecision(
        verdict=judgement.verdict,
        retrain=asked and against is None,
        refused=asked and against is not None,
        reason=reason,
        champion=standing.champion,
        months=chosen if asked and against is None else (),
    )


def selection(months: Sequence[str]) -> str:
    """The selection (see `adclick.ingest.selection`) of these months, the newest of a log.

    Where a month is missing between them no range has them all.
    """
    there = np.array(months, "datetime64[M]")
    if all(later - earlier == 1 for earlier, later in pairwise(there.astype(np.int64))):
        return f"{months[0]}:{months[-1]}"
    return f"latest:{len(months)}"


def _against(
    verdict: Verdict,
    why: str,
    months: Sequence[str],
    standing: Standing,
    now: datetime,
    options: RetrainingOptions,
) -> str | None:
    """What speaks against retraining, if anything does."""
    if verdict == "stop":
        return f"the verdict is stop, nothing is to be learned from this: {why}"
    if standing.waiting is not None:
        return (
            f"version {standing.waiting} waits for its deployment or is on trial: run --pipeline "
            "deployment, `run.py promote` or `run.py rollback` first"
        )
    if not months or months[-1] <= standing.months[-1]:
        return (
            f"there is no month after {standing.months[-1]}, the last that {standing.champion} "
            f"was trained and tested on (asked because of {why})"
        )
    end = standing.trained + timedelta(days=options.cool_down_days)
    if now < end:
        return (
            f"{standing.newest} was trained on {standing.trained:%Y-%m-%d %H:%M} UTC, and the "
            f"cool-down of {options.cool_down_days:g} days ends on {end:%Y-%m-%d %H:%M} "
            f"(asked because of {why})"
        )
    return None
