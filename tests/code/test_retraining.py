"""Whether a verdict is followed by a training, and on which months."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adclick.canary.trial import CanaryTrial
from adclick.ingest.selection import select_months
from adclick.monitoring.verdict import Judgement, Verdict
from adclick.release import Release
from adclick.retraining.decision import (
    RetrainingDecision,
    Standing,
    decide_retraining,
    selection,
)
from adclick.retraining.options import RetrainingOptions
from adclick.retraining.outcome import Result, result_of

NOW = datetime(2026, 6, 3, 6, tzinfo=UTC)
KNOWN = ("2026-01", "2026-02", "2026-03", "2026-04")
MONTHS = (*KNOWN, "2026-05")
STANDING = Standing(
    champion="v1", months=KNOWN, newest="v1", trained=datetime(2026, 5, 3, 6, tzinfo=UTC)
)
DRIFTED = Judgement("retrain", ("2026-05, auc: 0.71 -> 0.65", "2026-05, site: PSI 0.3"))
OPTIONS = RetrainingOptions()


def decided(
    judgement: Judgement = DRIFTED,
    months: tuple[str, ...] = MONTHS,
    options: RetrainingOptions = OPTIONS,
    now: datetime = NOW,
    **stands: object,
) -> RetrainingDecision:
    standing = STANDING.model_copy(update=stands)
    return decide_retraining(judgement, months, standing, now, options)


def test_a_month_that_drifted_is_followed_by_a_training_on_all_that_is_there() -> None:
    decision = decided()
    assert (decision.retrain, decision.refused) == (True, False)
    assert decision.months == MONTHS
    assert decision.reason == ("on 2026-01 to 2026-05, because of 2026-05, auc: 0.71 -> 0.65")


def test_only_the_freshest_months_are_trained_on() -> None:
    assert decided(options=RetrainingOptions(most_months=2)).months == ("2026-04", "2026-05")


@pytest.mark.parametrize("verdict", ["fine", "watch"])
def test_what_does_not_ask_for_it_is_no_refusal(verdict: Verdict) -> None:
    decision = decided(Judgement(verdict, ("2026-05, site: PSI 0.15",)))
    assert (decision.retrain, decision.refused, decision.months) == (False, False, ())
    assert decision.reason == f"the verdict is {verdict}: 2026-05, site: PSI 0.15"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"judgement": Judgement("stop", ("2026-05, price: x100",))}, "stop, .*2026-05, price"),
        ({"waiting": "v2"}, "version v2 waits .*run.py rollback"),
        ({"months": KNOWN}, "no month after 2026-04, the last that v1"),
        ({"months": ()}, "no month after 2026-04"),
        ({"trained": NOW - timedelta(days=19.9)}, "v1 was trained on .* ends on 2026-06-03 08:24"),
        ({"trained": NOW - timedelta(days=3), "newest": "v7"}, "v7 was trained on 2026-05-31"),
    ],
    ids=["stop", "waiting", "nothing new", "no month", "cooling down", "kept back lately"],
)
def test_a_refusal_says_why_in_one_line(changes: dict[str, object], words: str) -> None:
    decision = decided(**changes)  # type: ignore[arg-type]
    assert (decision.retrain, decision.refused, decision.months) == (False, True, ())
    assert "\n" not in decision.reason
    assert re.search(words, decision.reason), decision.reason


def test_the_cool_down_ends() -> None:
    assert decided(trained=NOW - timedelta(days=20)).retrain
    assert decided(trained=NOW, options=RetrainingOptions(cool_down_days=0)).retrain


@given(
    verdict=st.sampled_from(get_args(Verdict)),
    months=st.lists(st.integers(0, 9), unique=True).map(sorted),
    waiting=st.none() | st.just("v2"),
    days=st.floats(0, 60),
)
def test_nothing_is_trained_unless_all_allows_it(
    verdict: Verdict, months: list[int], waiting: str | None, days: float
) -> None:
    names = tuple(f"2026-{month + 1:02}" for month in months)
    trained = NOW - timedelta(days=days)
    decision = decided(Judgement(verdict, ("so",)), months=names, waiting=waiting, trained=trained)
    newer = bool(names) and names[-1] > KNOWN[-1]
    rested = NOW - trained >= timedelta(days=OPTIONS.cool_down_days)
    assert decision.retrain == (verdict == "retrain" and waiting is None and newer and rested)
    assert not (decision.retrain and decision.refused)
    assert bool(decision.months) == decision.retrain
    if decision.retrain:
        assert select_months(selection(decision.months), names) == decision.months


@pytest.mark.parametrize(
    ("months", "expected"),
    [
        (("2026-05",), "2026-05:2026-05"),
        (("2025-11", "2025-12", "2026-01"), "2025-11:2026-01"),
        (("2025-11", "2026-01"), "latest:2"),
    ],
)
def test_a_selection_names_the_months(months: tuple[str, ...], expected: str) -> None:
    assert selection(months) == expected


@pytest.mark.parametrize(
    ("status", "trial", "result"),
    [
        (None, None, "not asked"),
        ("kept back", None, "kept back"),
        ("in production", None, "nothing new"),
        ("taken back", None, "nothing new"),
        ("staged", "promoted", "promoted"),
        ("staged", "no trial", "promoted"),
        ("staged", "rolled back", "rolled back"),
    ],
)
def test_what_came_of_it_is_what_the_runs_came_to(
    status: str | None, trial: str | None, result: Result
) -> None:
    decision = decided(Judgement("fine", ())) if status is None else decided()
    release = (
        Release.model_validate({"model": "m", "version": "v2", "status": status})
        if status
        else None
    )
    tried = (
        CanaryTrial.model_validate(
            {"version": "v2", "champion": "v1", "outcome": trial, "reason": "so"}
        )
        if trial
        else None
    )
    assert result_of(decision, release, tried) == result
    assert result_of(decided(waiting="v2"), None, None) == "refused"
