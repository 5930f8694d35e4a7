from __future__ import annotations

import math
from collections.abc import Sequence
from math import nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from adclick.errors import AdclickError
from adclick.evaluation.decision import Decision
from adclick.evaluation.decision import decide as decide_by
from adclick.evaluation.estimate import Estimate
from adclick.evaluation.evaluation import (
    CHALLENGER,
    CHAMPION,
    CONSTANT,
    LOGISTIC,
    Evaluation,
    ModelFigures,
)
from adclick.evaluation.intervals import Figure
from adclick.evaluation.metrics import METRICS
from adclick.evaluation.policy import Policy
from adclick.evaluation.serving import ServingFigures
from adclick.evaluation.slices import SliceFigures
from adclick.statistics.anomaly import Anomaly

GOOD = dict.fromkeys(METRICS, 0.01) | {"auc": 0.7, "logloss": 0.2, "calibration": 1.0}
BETTER = dict.fromkeys(("auc", "pr_auc"), 0.02) | dict.fromkeys(
    ("logloss", "normalised_entropy", "ece", "brier"), -0.02
)

TRIAL = ServingFigures(
    version="v",
    requests=100,
    failed=0,
    max_skew=1e-7,
    p50_ms=2.0,
    p99_ms=9.0,
    many=128,
    many_p50_ms=12.0,
    many_p99_ms=19.0,
    memory_mb=300.0,
    size_mb=12.0,
)


def around(value: float, width: float = 0.01) -> Figure:
    return Figure(value=value, low=value - width, high=value + width)


def leads(changes: dict[str, Figure] | None = None) -> dict[str, Figure]:
    return {name: around(value) for name, value in BETTER.items()} | (changes or {})


def evaluation(
    champion: dict[str, Figure] | None = None,
    logistic: dict[str, Figure] | None = None,
    constant: dict[str, Figure] | None = None,
    saw_test: bool = False,
    slices: tuple[SliceFigures, ...] = (),
    **challenger: float,
) -> Evaluation:
    """An evaluation; `champion` and the baselines are the challenger's leads over them."""
    metrics = {name: around(value) for name, value in (GOOD | challenger).items()}
    models = [ModelFigures(name=CHALLENGER, metrics=metrics, challenger_minus=None)]
    over = {LOGISTIC: leads(logistic), CONSTANT: leads(constant)}
    if champion is not None:
        over[CHAMPION] = leads(champion)
    models += [
        ModelFigures(name=name, metrics=metrics, challenger_minus=lead)
        for name, lead in over.items()
    ]
    return Evaluation(
        tested_on="2024-03",
        impressions=1000,
        clicks=100,
        clusters=30,
        clustered_by="day",
        confidence=0.95,
        champion_version=None if champion is None else "2024-01.abc",
        champion_saw_test=saw_test,
        models=tuple(models),
        slices=slices,
        calibration_curve=(),
    )


def estimate(value: float, error: float = 0.001) -> Estimate:
    return Estimate.of(value, error, 100, 0.95)


def part(
    name: str, auc: float = 0.0, entropy: float = 0.0, log_calibration: float = 0.0
) -> SliceFigures:
    return SliceFigures(
        column="site",
        value=name,
        impressions=1000,
        clicks=100,
        metrics={},
        leads={"auc": estimate(auc), "normalised_entropy": estimate(entropy)},
        calibration=estimate(log_calibration, 0.01),
    )


def policy(**settings: Any) -> Policy:
    return Policy.model_validate(settings)


def decide(
    evaluation: Evaluation,
    policy: Policy,
    anomalies: Sequence[Anomaly] = (),
    serving: ServingFigures | None = TRIAL,
) -> Decision:
    return decide_by(evaluation, policy, anomalies, serving)


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


@pytest.mark.parametrize("metric", ["auc", "pr_auc", "ece", "brier", "normalised_entropy"])
def test_each_metric_can_be_bounded(metric: str) -> None:
    bounded = policy(bounds={metric: {"least": 0.005, "most": 0.8}})
    assert decide(evaluation(), bounded).promote
    assert not decide(evaluation(**{metric: 0.9}), bounded).promote
    assert not decide(evaluation(**{metric: 0.001}), bounded).promote


@pytest.mark.parametrize(("high", "promoted"), [(-0.0001, False), (0.0, True), (nan, False)])
def test_a_model_that_ranks_clearly_worse_than_the_baseline_is_kept_back(
    high: float, promoted: bool
) -> None:
    lead = Figure(value=-0.02, low=-0.04, high=high)
    assert decide(evaluation(logistic={"auc": lead}), Policy()).promote is promoted


def test_a_model_that_predicts_no_better_than_the_click_rate_is_kept_back() -> None:
    found = decide(evaluation(constant={"logloss": around(-0.001)}), Policy())
    assert failed(found) == ["logloss minus the constant's"]


@pytest.mark.parametrize(("high", "promoted"), [(-0.0001, True), (0.0, False), (nan, False)])
def test_logloss_must_be_lower_beyond_doubt(high: float, promoted: bool) -> None:
    lead = Figure(value=-0.02, low=-0.04, high=high)
    assert decide(evaluation(champion={"logloss": lead}), Policy()).promote is promoted


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (0.001, 0.02, "holds"),
        (-0.0049, 0.02, "holds"),
        (-0.0051, 0.02, "undecided"),
        (-0.02, -0.0051, "fails"),
        (-0.02, -0.005, "fails"),
    ],
)
def test_auc_may_not_be_lower_by_its_margin(low: float, high: float, verdict: str) -> None:
    lead = Figure(value=(low + high) / 2, low=low, high=high)
    found = decide(evaluation(champion={"auc": lead}), Policy())
    condition = next(c for c in found.conditions if c.name == "AUC minus the champion's")
    assert condition.verdict == verdict
    assert found.promote is (verdict == "holds")


def test_better_can_ask_for_a_margin() -> None:
    stricter = policy(champion={"logloss": {"rule": "better", "margin": 0.015}})
    found = decide(evaluation(champion={}), stricter)
    (condition,) = (c for c in found.conditions if not c.holds)
    assert condition.bound == "whole interval below -0.015"
    assert condition.verdict == "undecided"
    wide = {"logloss": around(-0.03)}
    assert decide(evaluation(champion=wide), stricter).promote


def test_a_change_that_is_taken_out_is_not_asked_for() -> None:
    worse = {"auc": around(-0.5), "logloss": around(-0.02)}
    assert decide(evaluation(champion=worse), policy(champion={"auc": None})).promote


def test_one_change_of_the_policy_leaves_the_others() -> None:
    told = policy(champion={"auc": {"rule": "better"}}).champion
    assert told.logloss == Policy().champion.logloss


def test_a_champion_that_saw_the_test_rows_cannot_be_beaten_on_them() -> None:
    decision = decide(evaluation(champion={}, saw_test=True), Policy())
    assert failed(decision) == ["champion never saw the test rows"]


def test_the_reason_names_the_first_failure_and_counts_the_others() -> None:
    decision = decide(evaluation(auc=0.5, calibration=2.0), Policy())
    assert decision.reason == "AUC is 0.5000, bound: at least 0.55 (and 1 more)"


def test_too_little_data_says_how_many_rows_would_decide() -> None:
    lead = Figure(value=-0.01, low=-0.04, high=0.02)
    decision = decide(evaluation(champion={"logloss": lead}), Policy())
    assert not decision.promote
    # an interval a third as wide takes nine times the rows
    assert decision.reason == (
        "too little data: logloss minus the champion's is -0.01000 [-0.04000, +0.02000], bound: "
        "whole interval below 0; about 9,000 impressions would decide, 1,000 were tested on"
    )


def test_what_fails_is_named_before_what_is_undecided() -> None:
    unsure = {"logloss": Figure(value=-0.01, low=-0.04, high=0.02)}
    decision = decide(evaluation(champion=unsure, saw_test=True), Policy())
    assert decision.reason.startswith("champion never saw the test rows is saw them")


@pytest.mark.parametrize("value", [0.0, 1e-12])
def test_models_that_are_as_good_are_too_close_to_call(value: float) -> None:
    decision = decide(evaluation(champion={"logloss": around(value)}), Policy())
    assert decision.reason.startswith("too close to call: logloss")


@given(
    st.floats(-1, 1), st.floats(0.001, 1), st.floats(0.001, 1), st.sampled_from([0.0, 0.01, 0.3])
)
def test_rows_that_are_needed_bring_the_interval_to_the_bound(
    value: float, below: float, above: float, margin: float
) -> None:
    lead = Figure(value=value, low=value - below, high=value + above)
    told = policy(champion={"logloss": None, "auc": {"rule": "non-inferior", "margin": margin}})
    found = decide(evaluation(champion={"auc": lead}), told).conditions
    condition = next(c for c in found if c.name == "AUC minus the champion's")
    if condition.rows_needed is None:
        assert not condition.undecided or abs(value + margin) <= 1e-3 * max(below, above)
        return
    assert condition.undecided
    shrunk = math.sqrt(1000 / condition.rows_needed)
    low, high = value - below * shrunk, value + above * shrunk
    # rounded up: a little further than the bound
    assert low >= -margin - 1e-9 or high <= -margin + 1e-9
    assert shrunk <= 1


def test_every_condition_shows_its_figure_and_bound() -> None:
    budget = policy(serving={"p99_ms": 20, "memory_mb": 500, "size_mb": 50})
    found = decide(evaluation(champion={}, slices=(part("a"),)), budget, (), trial())
    assert len(found.conditions) > 12
    for condition in found.conditions:
        assert condition.figure
        assert condition.bound


def test_a_slice_that_is_clearly_worse_keeps_the_champion() -> None:
    slices = (part("news"), part("mail", entropy=0.05), part("maps", entropy=0.02))
    decision = decide(evaluation(champion={}, slices=slices), Policy())
    assert failed(decision) == ["normalised entropy minus the champion's, by slice"]
    assert "site mail: +0.0500 [+0.0480, +0.0520] (and 1 more)" in decision.reason
    low = (part("news", auc=-0.05),)
    assert failed(decide(evaluation(champion={}, slices=low), Policy())) == [
        "AUC minus the champion's, by slice"
    ]


def test_a_slice_within_its_margin_is_borne() -> None:
    slices = (part("news", auc=-0.0105, entropy=0.0105, log_calibration=0.69),)
    assert decide(evaluation(champion={}, slices=slices), Policy()).promote


def test_the_more_slices_the_clearer_one_must_be_worse() -> None:
    unsure = part("mail", entropy=0.0125)  # 2.5 standard errors above the margin
    alone = decide(evaluation(champion={}, slices=(unsure,)), Policy())
    among = (unsure, *(part(f"site {i}") for i in range(100)))
    assert not alone.promote
    assert decide(evaluation(champion={}, slices=among), Policy()).promote


@pytest.mark.parametrize("factor", [0.3, 3.0])
def test_a_slice_that_is_clearly_out_of_calibration_keeps_back_a_first_model(
    factor: float,
) -> None:
    slices = (part("news", log_calibration=math.log(factor)),)
    decision = decide(evaluation(slices=slices), Policy())
    assert failed(decision) == ["calibration by slice"]
    assert f"site news: {factor:.2f}" in decision.reason


def test_a_slice_of_hardly_any_clicks_keeps_nothing_back() -> None:
    unknown = part("news").model_copy(update={"calibration": Estimate.of(0.1, 100.0, 1.0, 0.95)})
    assert decide(evaluation(slices=(unknown,)), Policy()).promote


def test_without_a_champion_slices_are_not_compared() -> None:
    assert decide(evaluation(slices=(part("news", auc=-0.3),)), Policy()).promote


def anomaly(check: Any) -> Anomaly:
    return Anomaly(severity="warning", month="2024-03", check=check, column=None, what="odd")


def test_anomalies_that_the_policy_names_block() -> None:
    found = decide(evaluation(), Policy(), [anomaly("impressions"), anomaly("click rate")])
    assert failed(found) == ["anomalies of the test months"]
    assert "month 2024-03: odd" in found.reason
    assert decide(evaluation(), Policy(), [anomaly("impressions")]).promote
    assert decide(evaluation(), policy(anomalies=()), [anomaly("click rate")]).promote


def trial(**changes: Any) -> ServingFigures:
    return TRIAL.model_copy(update=changes)


BUDGET = policy(serving={"p99_ms": 10, "many_p99_ms": 20, "memory_mb": 400, "size_mb": 20})


def test_a_server_within_its_budget_is_promoted() -> None:
    assert decide(evaluation(), BUDGET, (), trial()).promote


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"max_skew": 2e-5}, "served minus offline score"),
        ({"failed": 1}, "requests without a score"),
        ({"p99_ms": 10.1}, "time to answer, p99"),
        ({"many_p99_ms": 20.1}, "time to answer for 128, p99"),
        ({"memory_mb": 401}, "server's memory"),
        ({"size_mb": 20.5}, "bundle's size"),
    ],
)
def test_a_server_beyond_its_budget_is_kept_back(change: dict[str, float], name: str) -> None:
    assert failed(decide(evaluation(), BUDGET, (), trial(**change))) == [name]


def test_a_trial_that_the_policy_asks_for_has_to_have_been() -> None:
    assert failed(decide(evaluation(), BUDGET, (), None)) == ["trial of the server"]


@pytest.mark.parametrize("name", [CHALLENGER, LOGISTIC, CONSTANT])
def test_an_evaluation_that_lacks_a_model_is_an_error(name: str) -> None:
    whole = evaluation()
    models = tuple(model for model in whole.models if model.name != name)
    with pytest.raises(AdclickError, match=f"evaluation has no {name}"):
        decide(whole.model_copy(update={"models": models}), Policy())


@pytest.mark.parametrize(
    "setting",
    [
        {"x": 1},
        {"bounds": {"auc": {}}},
        {"bounds": {"auc": {"least": 0.9, "most": 0.8}}},
        {"bounds": {"acu": {"least": 0.9}}},
        {"champion": {"auc": {"rule": "best"}}},
        {"champion": {"auc": {"rule": "better", "margin": -1}}},
        {"champion": {"calibration": {"rule": "better"}}},
        {"slices": {"false_alarms": 0.7}},
        {"anomalies": ["weather"]},
    ],
)
def test_a_policy_that_cannot_work_is_refused(setting: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Policy.model_validate(setting)


def test_the_figure_of_a_server_that_answers_wrong_says_why() -> None:
    wrong = trial(max_skew=0.1, skew="row 3: site is encoded as 0, not 7")
    assert (
        "1.0e-01 (row 3: site is encoded as 0, not 7)"
        in decide(evaluation(), BUDGET, (), wrong).reason
    )
