"""What is decided on pairs of models whose true difference is known, and on planted faults.

`make bench-evaluation` does the same with hundreds of pairs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from adclick.adlog import AdLog
from adclick.arrays import Float64
from adclick.encoding.encoder import FeatureEncoder
from adclick.errors import AdclickError
from adclick.evaluation.contest import contest
from adclick.evaluation.decision import Decision, decide
from adclick.evaluation.evaluation import CHALLENGER, CHAMPION, CONSTANT, LOGISTIC, compare
from adclick.evaluation.options import EvaluationOptions, SliceOptions
from adclick.evaluation.rows import Block, ScoredRows
from adclick.model.click_model import ClickModel
from adclick.splitting import Split
from adclick.training.baselines import train_baselines
from benchmarks.evaluation.decisions import POLICY, promoted
from benchmarks.evaluation.pairs import Pair

QUICK = EvaluationOptions(resamples=100, slices=SliceOptions(min_impressions=500))


def test_the_true_lead_is_what_was_asked_for() -> None:
    pair = Pair(challenger=0.2, champion=0.2, impressions=1)
    assert abs(pair.lead(400_000)) < 0.001
    better = pair.leading_by(0.01)
    assert better.challenger > pair.challenger
    assert better.lead(1_000_000) == pytest.approx(0.01, abs=0.001)


def test_models_of_a_pair_are_calibrated() -> None:
    block = next(Pair(0.5, 0.3, 200_000).rows(1).blocks())
    for name in (CHALLENGER, CHAMPION, LOGISTIC, CONSTANT):
        assert block.score(name).mean() / block.clicks.mean() == pytest.approx(1, abs=0.04)


def test_equal_models_are_seldom_promoted() -> None:
    # one in forty is, by the interval's confidence
    assert sum(promoted(Pair(0.2, 0.2, 20_000), seed) for seed in range(12)) <= 3


def test_worse_models_are_not_promoted() -> None:
    # .01 AUC less than the champion
    assert not any(promoted(Pair(0.0, 0.3, 20_000), seed) for seed in range(10))


def test_better_models_are_found() -> None:
    # .03 AUC more: as clear on 60,000 rows as .01 is on half a million
    assert sum(promoted(Pair(0.55, 0.2, 60_000), seed) for seed in range(6)) >= 4


type Fault = Callable[[Block], Float64]


def swapped_labels(block: Block) -> Float64:
    """What a model says that learned from clicks and no-clicks in each other's place."""
    return 1 - block.score(CHALLENGER)


def uncalibrated(block: Block) -> Float64:
    return np.minimum(1.5 * block.score(CHALLENGER), 1)


def bad_on_a_slice(block: Block) -> Float64:
    """Knows nothing where the device is the first of three, better than the champion elsewhere."""
    there = block.codes("device") == 0
    score = block.score(CHALLENGER)
    return np.where(there, score.mean(), score)


def decided(fault: Fault | None) -> Decision:
    """On a challenger that is clearly better but for the fault."""
    block = next(Pair(0.9, 0.2, 200_000).rows(1).blocks())
    scores = {name: block.score(name) for name in (CHALLENGER, CHAMPION, LOGISTIC, CONSTANT)}
    if fault:
        scores[CHALLENGER] = fault(block)
    columns = {
        name: block.batch.column(f"code of {name}").cast("string") for name in ("device", "site")
    }
    clusters = block.batch.column("cluster by creative").to_numpy()
    rows = ScoredRows.of(block.clicks, block.impressions, scores, clusters, columns)
    return decide(compare(rows, QUICK, "drawn rows", champion_version="v1"), POLICY)


def missed(decision: Decision) -> set[str]:
    return {condition.name for condition in decision.conditions if condition.verdict == "fails"}


def test_a_challenger_without_a_fault_is_promoted() -> None:
    assert decided(None).promote


def test_swapped_labels_are_caught() -> None:
    found = decided(swapped_labels)
    assert not found.promote
    assert missed(found) >= {
        "AUC",
        "predicted / observed",
        "AUC minus the champion's",
    }


def test_predictions_half_as_large_again_are_caught() -> None:
    found = decided(uncalibrated)
    assert not found.promote
    assert "predicted / observed" in missed(found)
    # it ranks as well as before
    assert "AUC minus the champion's" not in missed(found)


def test_a_large_slice_that_is_worse_is_caught_though_all_in_all_it_is_better() -> None:
    found = decided(bad_on_a_slice)
    assert not found.promote
    assert missed(found) == {
        "AUC minus the champion's, by slice",
        "normalised entropy minus the champion's, by slice",
    }
    assert "device 0" in found.reason


def test_a_test_month_that_leaked_into_training_is_caught(
    sample_log: AdLog, sample_split: Split, sample_encoder: FeatureEncoder, trained: ClickModel
) -> None:
    baselines = train_baselines(sample_log, sample_split, sample_encoder)
    months = (*trained.training_months, *sample_split.test.months)
    leaked = replace(trained, training_months=months)
    with pytest.raises(AdclickError, match=f"trained on {sample_split.test.months[0]}, on which"):
        contest(sample_log, sample_split, sample_encoder, leaked, baselines, None, QUICK)
