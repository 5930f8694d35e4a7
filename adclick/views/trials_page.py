"""The page of a search for settings: every trial, the best first."""

from __future__ import annotations

import math

from adclick.training.trials import Trial, Trials
from adclick.views.charts import line_chart
from adclick.views.html import render, table
from adclick.views.text import NO_NUMBER, number, significant


def trials_page(trials: Trials) -> str:
    """HTML that shows what each trial came to, and in which order they were tried."""
    losses = [math.nan if one.logloss is None else one.logloss for one in trials.trials]
    ranked = sorted(
        range(len(losses)), key=lambda i: math.inf if math.isnan(losses[i]) else losses[i]
    )
    names = list(dict.fromkeys(name for one in trials.trials for name in one.settings))
    heads = ("trial", *names, "logloss", "seconds")
    rows = [_row(i + 1, trials.trials[i], names) for i in ranked]
    labels = [str(i + 1) for i in range(len(losses))]
    return render(
        "trials.html.j2",
        trials=trials,
        gain=number(losses[0] - losses[trials.best], 5),
        chart=line_chart("Logloss by trial", labels, losses, marked=trials.best),
        table=table(heads, rows),
    )


def _row(place: int, trial: Trial, names: list[str]) -> tuple[str, ...]:
    settings = (_shown(trial.settings.get(name)) for name in names)
    loss = trial.reason or NO_NUMBER if trial.logloss is None else number(trial.logloss, 5)
    return str(place), *settings, loss, f"{trial.seconds:.0f}"


def _shown(value: object) -> str:
    if value is None:
        return "as configured"
    return significant(value) if isinstance(value, float) else str(value)
