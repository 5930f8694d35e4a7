from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pydantic import ValidationError

from adclick.arrays import Float64
from adclick.evaluation.evaluation import (
    CHALLENGER,
    CHAMPION,
    CONSTANT,
    LOGISTIC,
    Evaluation,
    EvaluationOptions,
    ScoredRows,
    compare,
)
from adclick.evaluation.metrics import Scored, metrics

N = 3000
QUICK = EvaluationOptions(resamples=40, min_slice_impressions=100)


def noisy(eta: Float64, noise: float, seed: int) -> Float64:
    drawn = np.random.default_rng(seed).normal(0, noise, len(eta))
    scores: Float64 = 1 / (1 + np.exp(-(eta + drawn)))
    return scores


def rows_of(**noise: float) -> ScoredRows:
    """Test rows with models that see the truth through so much noise each."""
    generator = np.random.default_rng(0)
    eta = generator.normal(-2, 1.2, N)
    clicks = (generator.random(N) < 1 / (1 + np.exp(-eta))).astype(float)
    scores = {name: noisy(eta, value, seed) for seed, (name, value) in enumerate(noise.items())}
    scores[CONSTANT] = np.full(N, clicks.mean())
    columns = {
        "device": ["phone", "desktop"] * (N // 2),
        "site": [f"site {i % 9}" for i in range(N)],
        "slot": ["rare" if i < 50 else "usual" for i in range(N)],
    }
    return ScoredRows(
        clicks=clicks,
        impressions=np.ones(N),
        scores=scores,
        clusters=np.arange(N) % 60,
        slice_columns={name: pa.array(values) for name, values in columns.items()},
    )


ROWS = rows_of(**{CHALLENGER: 0.1, CHAMPION: 1.5, LOGISTIC: 1.0})


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    return compare(ROWS, QUICK, "2024-03", champion_version="v7", champion_saw_test=True)


def test_every_model_is_measured_on_the_same_rows(evaluation: Evaluation) -> None:
    assert [model.name for model in evaluation.models] == list(ROWS.scores)
    for model in evaluation.models:
        rows = Scored(ROWS.clicks, ROWS.impressions, ROWS.scores[model.name])
        expected = metrics(rows.by_score()[0])
        assert {name: figure.value for name, figure in model.metrics.items()} == expected


def test_the_challengers_lead_is_the_difference_with_an_interval(evaluation: Evaluation) -> None:
    ours, theirs = evaluation.model(CHALLENGER), evaluation.model(CHAMPION)
    assert ours is not None
    assert theirs is not None
    assert theirs.challenger_minus is not None
    lead = theirs.challenger_minus["logloss"]
    assert lead.value == ours.metrics["logloss"].value - theirs.metrics["logloss"].value
    assert lead.low < lead.value < lead.high < 0


def test_the_challenger_has_no_lead_over_itself(evaluation: Evaluation) -> None:
    challenger = evaluation.model(CHALLENGER)
    assert challenger is not None
    assert challenger.challenger_minus is None


def test_a_twin_has_no_lead() -> None:
    twins = ScoredRows(
        **(
            vars(ROWS)
            | {"scores": {CHALLENGER: ROWS.scores[CHAMPION], CHAMPION: ROWS.scores[CHAMPION]}}
        )
    )
    champion = compare(twins, QUICK, "2024-03").model(CHAMPION)
    assert champion is not None
    assert champion.challenger_minus is not None
    assert {(f.low, f.value, f.high) for f in champion.challenger_minus.values()} == {(0, 0, 0)}


def test_what_was_tested_is_recorded(evaluation: Evaluation) -> None:
    assert evaluation.tested_on == "2024-03"
    assert (evaluation.impressions, evaluation.clicks) == (N, int(ROWS.clicks.sum()))
    assert (evaluation.champion_version, evaluation.champion_saw_test) == ("v7", True)


def test_a_model_that_was_not_there_is_none(evaluation: Evaluation) -> None:
    assert evaluation.model("oracle") is None


def test_slices_with_few_values_and_many_impressions_are_measured(evaluation: Evaluation) -> None:
    names = {(part.column, part.value): part.impressions for part in evaluation.slices}
    assert names == {
        ("device", "phone"): N // 2,
        ("device", "desktop"): N // 2,
        ("slot", "usual"): N - 50,
    }


def test_a_slice_is_measured_on_its_rows(evaluation: Evaluation) -> None:
    phone = next(part for part in evaluation.slices if part.value == "phone")
    here = np.arange(N) % 2 == 0
    expected = metrics(ROWS.scored(CHALLENGER).where(here).by_score()[0])
    assert phone.metrics[CHALLENGER] == expected
    assert phone.clicks == ROWS.clicks[here].sum()
    assert CONSTANT not in phone.metrics


def test_the_calibration_curve_rises_with_the_score(evaluation: Evaluation) -> None:
    curve = evaluation.calibration_curve
    assert sum(part.impressions for part in curve) == N
    promised = sum(part.impressions * part.predicted for part in curve)
    assert promised == pytest.approx(ROWS.scores[CHALLENGER].sum())
    clicked = sum(part.impressions * part.observed for part in curve)
    assert clicked == pytest.approx(evaluation.clicks)
    predicted = [part.predicted for part in curve]
    assert predicted == sorted(predicted)
    assert [part.predicted for part in curve] == pytest.approx(
        [part.observed for part in curve], abs=0.1
    )


def test_an_evaluation_survives_json(evaluation: Evaluation) -> None:
    assert Evaluation.model_validate_json(evaluation.model_dump_json()) == evaluation


@pytest.mark.parametrize(
    "setting", [{"resamples": 5}, {"confidence": 1}, {"confidence": 0.3}, {"bootstrap": 1}]
)
def test_wrong_options_are_refused(setting: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        EvaluationOptions.model_validate(setting)
