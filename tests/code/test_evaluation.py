from __future__ import annotations

import math
from dataclasses import dataclass, replace
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
    CalibrationBin,
    Evaluation,
    calibration_curve,
    compare,
)
from adclick.evaluation.metrics import Scored, metrics
from adclick.evaluation.options import EvaluationOptions, SliceOptions
from adclick.evaluation.rows import ScoredRows
from adclick.evaluation.slices import SLICE_METRICS

N = 3000
QUICK = EvaluationOptions(resamples=40, slices=SliceOptions(min_impressions=100, max_values=5))


def noisy(eta: Float64, noise: float, seed: int) -> Float64:
    drawn = np.random.default_rng(seed).normal(0, noise, len(eta))
    scores: Float64 = 1 / (1 + np.exp(-(eta + drawn)))
    return scores


@dataclass(frozen=True)
class Trial:
    """Test rows of one impression each, in 60 clusters."""

    clicks: Float64
    scores: dict[str, Float64]
    columns: dict[str, pa.Array]

    @property
    def rows(self) -> ScoredRows:
        clusters = np.arange(N) % 60
        return ScoredRows.of(self.clicks, np.ones(N), self.scores, clusters, self.columns)

    def scored(self, name: str) -> Scored:
        return Scored(self.clicks, np.ones(N), self.scores[name])


def rows_of(**noise: float) -> Trial:
    """Test rows with models that see the truth through so much noise each."""
    generator = np.random.default_rng(0)
    eta = generator.normal(-2, 1.2, N)
    clicks = (generator.random(N) < 1 / (1 + np.exp(-eta))).astype(float)
    scores = {name: noisy(eta, value, seed) for seed, (name, value) in enumerate(noise.items())}
    scores |= {CONSTANT: np.full(N, clicks.mean())}
    columns = {
        "device": ["phone", "desktop"] * (N // 2),
        "site": [f"site {i % 9}" for i in range(N)],
        "slot": ["rare" if i < 50 else "usual" for i in range(N)],
    }
    return Trial(clicks, scores, {name: pa.array(values) for name, values in columns.items()})


TRIAL = rows_of(**{CHALLENGER: 0.1, CHAMPION: 1.5, LOGISTIC: 1.0})


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    return compare(TRIAL.rows, QUICK, "2024-03", champion_version="v7", champion_saw_test=True)


def test_every_model_is_measured_on_the_same_rows(evaluation: Evaluation) -> None:
    assert [model.name for model in evaluation.models] == list(TRIAL.scores)
    for model in evaluation.models:
        expected = metrics(TRIAL.scored(model.name))
        found = {name: figure.value for name, figure in model.metrics.items()}
        assert found == pytest.approx(expected, abs=1e-12)


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
    score = TRIAL.scores[CHAMPION]
    twins = replace(TRIAL, scores={CHALLENGER: score, CHAMPION: score})
    champion = compare(twins.rows, QUICK, "2024-03").model(CHAMPION)
    assert champion is not None
    assert champion.challenger_minus is not None
    assert {(f.low, f.value, f.high) for f in champion.challenger_minus.values()} == {(0, 0, 0)}


def test_what_was_tested_is_recorded(evaluation: Evaluation) -> None:
    assert evaluation.tested_on == "2024-03"
    assert (evaluation.impressions, evaluation.clicks) == (N, int(TRIAL.clicks.sum()))
    assert (evaluation.clusters, evaluation.clustered_by) == (60, "creative")
    assert (evaluation.champion_version, evaluation.champion_saw_test) == ("v7", True)


def test_a_model_that_was_not_there_is_none(evaluation: Evaluation) -> None:
    assert evaluation.model("oracle") is None


def test_slices_with_many_impressions_are_measured_and_rare_values_together(
    evaluation: Evaluation,
) -> None:
    names = {(part.column, part.value): part.impressions for part in evaluation.slices}
    counts = {f"site {i}": N // 9 + (i < N % 9) for i in range(4)}
    assert names == {
        ("device", "phone"): N // 2,
        ("device", "desktop"): N // 2,
        ("slot", "usual"): N - 50,
        **{("site", name): count for name, count in counts.items()},
        ("site", "(other)"): N - sum(counts.values()),
    }


def test_a_slice_is_measured_on_its_rows(evaluation: Evaluation) -> None:
    phone = next(part for part in evaluation.slices if part.value == "phone")
    here = np.arange(N) % 2 == 0
    expected = metrics(TRIAL.scored(CHALLENGER).where(here))
    assert phone.metrics[CHALLENGER] == pytest.approx(
        {name: expected[name] for name in SLICE_METRICS}, abs=1e-12
    )
    assert phone.clicks == TRIAL.clicks[here].sum()
    assert CONSTANT not in phone.metrics


def test_the_calibration_curve_rises_with_the_score(evaluation: Evaluation) -> None:
    curve = evaluation.calibration_curve
    assert sum(part.impressions for part in curve) == N
    promised = sum(part.impressions * part.predicted for part in curve)
    assert promised == pytest.approx(TRIAL.scores[CHALLENGER].sum())
    clicked = sum(part.impressions * part.observed for part in curve)
    assert clicked == pytest.approx(evaluation.clicks)
    predicted = [part.predicted for part in curve]
    assert predicted == sorted(predicted)
    assert [part.predicted for part in curve] == pytest.approx(
        [part.observed for part in curve], abs=0.1
    )


def test_the_share_clicked_of_a_calibration_bin_lies_in_its_interval_as_often_as_it_says() -> None:
    generator = np.random.default_rng(5)
    rates, covered = np.linspace(0.02, 0.3, 10), []
    for _ in range(100):
        # groups are of different size, and their clicks vary more than singly
        shown = generator.integers(20, 200, (80, 20)).astype(float)
        clustered = np.repeat(rates, 2) * generator.gamma(4, 1 / 4, (80, 1))
        clicks = generator.binomial(shown.astype(int), np.minimum(clustered, 1))
        bins = np.stack([shown, clicks, shown * np.repeat(rates, 2)], axis=-1)
        curve = calibration_curve(bins, 0.95)
        assert [part.predicted for part in curve] == pytest.approx(list(rates))
        covered += [part.low <= part.predicted <= part.high for part in curve]
    assert 0.92 < np.mean(covered) < 0.98


def test_a_calibration_bin_with_hardly_a_click_has_no_interval() -> None:
    bins = np.zeros((3, 20, 3))
    bins[:, :, 0] = 50
    bins[0, 0, 1] = 1
    curve = calibration_curve(bins, 0.95)
    assert len(curve) == 10
    assert math.isnan(curve[0].low) and math.isnan(curve[5].high)
    evaluated = CalibrationBin.model_validate_json(curve[0].model_dump_json())
    assert math.isnan(evaluated.low)


def test_curves_end_where_all_impressions_are(evaluation: Evaluation) -> None:
    challenger, constant = evaluation.model(CHALLENGER), evaluation.model(CONSTANT)
    assert challenger is not None and constant is not None
    for model in (challenger, constant):
        last = model.curve[-1]
        assert (last.recall, last.fall_out) == (1, 1)
        assert last.precision == pytest.approx(TRIAL.clicks.mean())
    recall = [point.recall for point in challenger.curve]
    assert recall == sorted(recall)
    assert all(point.recall >= point.fall_out for point in challenger.curve)


def test_an_evaluation_survives_json(evaluation: Evaluation) -> None:
    assert Evaluation.model_validate_json(evaluation.model_dump_json()) == evaluation


def test_figures_that_are_no_numbers_survive_json() -> None:
    nothing = replace(TRIAL, clicks=np.zeros(N))
    found = compare(nothing.rows, QUICK, "2024-03")
    again = Evaluation.model_validate_json(found.model_dump_json())
    challenger = again.model(CHALLENGER)
    assert challenger is not None
    assert np.isnan(challenger.metrics["auc"].value)
    assert again.model_dump_json() == found.model_dump_json()


@pytest.mark.parametrize(
    "setting",
    [
        {"resamples": 5},
        {"resamples": 100, "confidence": 0.99},
        {"confidence": 1},
        {"confidence": 0.3},
        {"bootstrap": 1},
        {"slices": {"max_values": 1}},
    ],
)
def test_wrong_options_are_refused(setting: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        EvaluationOptions.model_validate(setting)
