from __future__ import annotations

from math import nan
from typing import Any

import pytest
from pydantic import ValidationError

from adclick.errors import AdclickError
from adclick.evaluation.decision import Decision, Policy, decide
from adclick.evaluation.evaluation import CHALLENGER, CHAMPION, LOGISTIC, Evaluation, ModelFigures
from adclick.evaluation.intervals import Figure

GOOD = {"auc": 0.7, "logloss": 0.2, "calibration": 1.0, "ece": 0.01}


def around(value: float, width: float = 0.01) -> Figure:
    return Figure(value=value, low=value - width, high=value + width)


def evaluation(
    champion: dict[str, Figure] | None = None,
    logistic: Figure | None = None,
    saw_test: bool = False,
    **challenger: float,
) -> Evaluation:
    """An evaluation; `champion` and `logistic` are the challenger's leads over them."""
    metrics = {name: around(value) for name, value in (GOOD | challenger).items()}
    models = [ModelFigures(name=CHALLENGER, metrics=metrics, challenger_minus=None)]
    leads = {LOGISTIC: {"auc": logistic or around(0.02)}}
    if champion is not None:
        leads[CHAMPION] = {"auc": around(0.02), "logloss": around(-0.02)} | champion
    models += [
        ModelFigures(name=name, metrics=metrics, challenger_minus=lead)
        for name, lead in leads.items()
    ]
    return Evaluation(
        tested_on="2024-03",
        impressions=1000,
        clicks=100,
        confidence=0.95,
        champion_version=None if champion is None else "2024-01.abc",
        champion_saw_test=saw_test,
        models=tuple(models),
        slices=(),
        calibration_curve=(),
    )


def failed(decision: Decision) -> list[str]:
    return [condition.name for condition in decision.conditions if not condition.holds]


def test_a_good_first_model_is_promoted() -> None:
    decision = decide(evaluation(), Policy())
    assert decision.promote
    assert decision.reason == "no champion yet, and every condition on a first model holds"


def test_a_better_challenger_is_promoted_over_the_champion_it_beats() -> None:
    decision = decide(evaluation(champion={}), Policy())
    assert decision.promote
    assert "better than champion 2024-01.abc" in decision.reason


@pytest.mark.parametrize("value", [0.5499, nan])
def test_too_low_an_auc_is_kept_back(value: float) -> None:
    assert failed(decide(evaluation(auc=value), Policy())) == ["AUC"]


def test_an_auc_at_its_bound_holds() -> None:
    assert decide(evaluation(auc=0.55), Policy()).promote


@pytest.mark.parametrize(
    ("value", "promoted"), [(0.79, False), (0.8, True), (1.25, True), (1.26, False), (nan, False)]
)
def test_calibration_has_two_bounds(value: float, promoted: bool) -> None:
    assert decide(evaluation(calibration=value), Policy()).promote is promoted


@pytest.mark.parametrize(("high", "promoted"), [(-0.0001, False), (0.0, True), (nan, False)])
def test_a_model_that_ranks_clearly_worse_than_the_baseline_is_kept_back(
    high: float, promoted: bool
) -> None:
    lead = Figure(value=-0.02, low=-0.04, high=high)
    assert decide(evaluation(logistic=lead), Policy()).promote is promoted


@pytest.mark.parametrize(("high", "promoted"), [(-0.0001, True), (0.0, False), (nan, False)])
def test_logloss_must_be_lower_beyond_doubt(high: float, promoted: bool) -> None:
    lead = Figure(value=-0.02, low=-0.04, high=high)
    assert decide(evaluation(champion={"logloss": lead}), Policy()).promote is promoted


def test_auc_may_not_be_clearly_lower_than_the_champions() -> None:
    worse = Figure(value=-0.02, low=-0.04, high=-0.01)
    assert failed(decide(evaluation(champion={"auc": worse}), Policy())) == [
        "AUC minus the champion's"
    ]


def test_a_champion_that_saw_the_test_rows_cannot_be_beaten_on_them() -> None:
    decision = decide(evaluation(champion={}, saw_test=True), Policy())
    assert failed(decision) == ["champion never saw the test rows"]


def test_the_reason_names_the_first_failure_and_counts_the_others() -> None:
    decision = decide(evaluation(auc=0.5, calibration=2.0), Policy())
    assert decision.reason == "AUC is 0.5000, bound: at least 0.55 (and 1 more)"


def test_every_condition_shows_its_figure_and_bound() -> None:
    for condition in decide(evaluation(champion={}), Policy()).conditions:
        assert condition.figure
        assert condition.bound


def test_a_policys_bounds_count() -> None:
    assert not decide(evaluation(), Policy(least_auc=0.75)).promote


@pytest.mark.parametrize("name", [CHALLENGER, LOGISTIC])
def test_an_evaluation_that_lacks_a_model_is_an_error(name: str) -> None:
    whole = evaluation()
    models = tuple(model for model in whole.models if model.name != name)
    with pytest.raises(AdclickError, match=f"evaluation has no {name}"):
        decide(whole.model_copy(update={"models": models}), Policy())


@pytest.mark.parametrize(
    "setting", [{"least_auc": 0.4}, {"least_calibration": 0}, {"most_calibration": 0.9}, {"x": 1}]
)
def test_a_policy_that_cannot_work_is_refused(setting: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Policy.model_validate(setting)
