from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adclick.arrays import Array
from adclick.errors import AdclickError
from adclick.evaluation.cuts import OTHER, choose_cuts
from adclick.evaluation.estimate import Estimate, holm
from adclick.evaluation.evaluation import CHALLENGER, CHAMPION, Evaluation, compare
from adclick.evaluation.metrics import Scored, metrics
from adclick.evaluation.options import EvaluationOptions, SliceOptions
from adclick.evaluation.rows import Column, ScoredRows, block_of
from adclick.evaluation.slices import SLICE_METRICS, SliceFigures

N = 20_000


def columns(generator: np.random.Generator, n: int) -> dict[str, list[str]]:
    return {
        "site": [f"site {i}" for i in generator.integers(0, 8, n)],
        "device": [("phone", "desktop")[i] for i in generator.integers(0, 2, n)],
        "slot": [f"slot {i}" for i in generator.integers(0, 5, n)],
    }


def compared(
    seed: int,
    *,
    n: int = N,
    bad: tuple[tuple[str, str], ...] = (),
    slices: SliceOptions | None = None,
) -> Evaluation:
    """Two equal models, of which the challenger knows nothing about rows that have all of `bad`."""
    generator = np.random.default_rng(seed)
    traits = columns(generator, n)
    one, other = generator.normal(0, 0.7, (2, n))
    eta = -2.5 + one + other
    clicks = (generator.random(n) < 1 / (1 + np.exp(-eta))).astype(float)
    hit = np.ones(n, bool) if bad else np.zeros(n, bool)
    for column, value in bad:
        hit &= np.array(traits[column]) == value
    known = np.where(hit, 0.0, one)
    scores = {
        CHALLENGER: 1 / (1 + np.exp(2.3 - known)),
        CHAMPION: 1 / (1 + np.exp(2.3 - (one if bad else other))),
    }
    rows = ScoredRows.of(
        clicks,
        np.ones(n),
        scores,
        generator.integers(0, 150, n),
        {name: pa.array(values) for name, values in traits.items()},
    )
    return compare(
        rows,
        EvaluationOptions(resamples=40, slices=slices or SliceOptions(min_impressions=200)),
        "2024-03",
    )


@given(st.integers(0, 10_000))
def test_slices_have_the_metrics_of_their_rows(seed: int) -> None:
    generator = np.random.default_rng(seed)
    n = 200
    score = generator.integers(1, 20, n) / 20
    shown = generator.integers(1, 4, n).astype(float)
    clicks = np.floor(shown * generator.random(n) * 1.3).clip(0, shown)
    traits = columns(generator, n)
    rows = ScoredRows.of(
        clicks,
        shown,
        {CHALLENGER: score, CHAMPION: score[::-1].copy()},
        None,
        {name: pa.array(values) for name, values in traits.items()},
    )
    options = EvaluationOptions(
        resamples=40,
        slices=SliceOptions(min_impressions=1, crosses=(("site", "device"),), worst=0),
    )
    found = compare(rows, options, "2024-03")
    assert {one.column for one in found.slices} == {*traits, "site x device"}
    for one in found.slices:
        here = np.ones(n, bool)
        for column, value in zip(one.column.split(" x "), one.value.split(", "), strict=True):
            here &= np.array(traits[column]) == value
        assert one.impressions == shown[here].sum()
        expected = metrics(Scored(clicks, shown, score).where(here))
        assert one.metrics[CHALLENGER] == pytest.approx(
            {name: expected[name] for name in SLICE_METRICS}, abs=1e-9, nan_ok=True
        )


def slices_of(found: Evaluation) -> dict[tuple[str, str], SliceFigures]:
    return {(one.column, one.value): one for one in found.slices}


def test_a_lead_is_the_difference_of_the_slices_metrics() -> None:
    for one in compared(1).slices:
        for metric, lead in one.leads.items():
            ours, theirs = one.metrics[CHALLENGER][metric], one.metrics[CHAMPION][metric]
            assert lead.value == pytest.approx(ours - theirs, abs=1e-12)
            assert lead.low < lead.value < lead.high
        assert one.calibration is not None
        ratio = one.metrics[CHALLENGER]["calibration"]
        assert np.exp(one.calibration.value) == pytest.approx(ratio)


def test_a_slices_error_is_how_much_it_varies() -> None:
    drawn: dict[str, list[float]] = {"auc": [], "logloss": []}
    claimed: dict[str, list[float]] = {"auc": [], "logloss": []}
    for seed in range(30):
        one = slices_of(compared(seed, n=4000, slices=SliceOptions(worst=0)))["device", "phone"]
        for metric, values in drawn.items():
            values.append(one.leads[metric].value)
            claimed[metric].append(one.leads[metric].error)
    for metric, values in drawn.items():
        # a standard deviation of 30 draws is right to an eighth
        assert np.mean(claimed[metric]) == pytest.approx(np.std(values), rel=0.4)


def test_the_slice_that_is_worst_is_found() -> None:
    worst = compared(2, bad=(("site", "site 3"),)).worst[0]
    assert (worst.column, worst.value) == ("site", "site 3")
    assert worst.chance < 0.001
    assert 0 < worst.at_least < worst.rise.low


def test_a_cross_of_two_columns_that_is_worst_is_found() -> None:
    found = compared(3, n=200_000, bad=(("site", "site 3"), ("device", "phone")))
    worst = found.worst[0]
    assert (worst.column, worst.value) == ("site x device", "site 3, phone")
    assert worst.chance < 0.001
    assert worst.at_least > 0


def test_equal_models_are_clearly_worse_nowhere() -> None:
    found = [compared(seed, n=6000) for seed in range(12)]
    alarms = [one.worst and min(deficit.chance for deficit in one.worst) < 0.05 for one in found]
    # each has a chance of one in twenty
    assert sum(map(bool, alarms)) <= 3


def test_options_choose_columns_and_crosses() -> None:
    options = SliceOptions(
        columns=("device",), crosses=(("device", "slot"),), min_impressions=10, worst=0
    )
    found = compared(4, n=2000, slices=options)
    assert {one.column for one in found.slices} == {"device", "device x slot"}
    assert len(found.slices) == 2 + 10


def test_a_column_that_is_not_there_is_an_error() -> None:
    with pytest.raises(AdclickError, match="names column 'sit': choose from site, device, slot"):
        compared(5, n=500, slices=SliceOptions(columns=("sit",)))


def of_codes(column: Column, codes: Array) -> ScoredRows:
    n = len(codes)
    halves = np.full(n, 0.5)
    batch = block_of(halves, np.ones(n), {"a": halves}, {"row": np.arange(n)}, {column.name: codes})
    return ScoredRows(("a",), (column,), n, n, "row", lambda: iter([batch]))


def test_numbers_are_cut_where_impressions_are_as_many() -> None:
    column = Column("bid", edges=(1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.5))
    codes = np.repeat(np.arange(8), [10, 10, 10, 10, 10, 10, 10, 10])
    ((cut,), _) = choose_cuts(of_codes(column, codes), SliceOptions(quantiles=4))
    assert cut.values == ("below 2", "2 to 4", "4 to 6", "6 and above")
    heavy = np.repeat(np.arange(8), [70, 1, 1, 1, 1, 1, 1, 4])
    ((cut,), _) = choose_cuts(of_codes(column, heavy), SliceOptions(quantiles=4))
    assert cut.values == ("below 1", "1 and above")


def test_rare_values_are_one_slice() -> None:
    column = Column("site", (OTHER, "a", "b", "c", "d"))
    codes = np.repeat(np.arange(5), [50, 1, 20, 30, 2])
    rows = of_codes(column, codes)
    ((cut,), _) = choose_cuts(rows, SliceOptions(max_values=3))
    assert cut.values == ("b", "c", OTHER)
    block = next(rows.blocks())
    assert np.bincount(cut.codes(block)).tolist() == [20, 30, 53]
    ((cut,), _) = choose_cuts(rows, SliceOptions(max_values=5))
    assert cut.values == (OTHER, "a", "b", "c", "d")


def test_a_column_of_one_value_divides_nothing() -> None:
    rows = of_codes(Column("site", ("a", "b")), np.ones(9, np.int64))
    assert choose_cuts(rows, SliceOptions()) == ([], [])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_holm_steps_down(chances: list[float]) -> None:
    adjusted = holm(chances)
    m = len(chances)
    expected, reached = [0.0] * m, 0.0
    for rank, place in enumerate(sorted(range(m), key=lambda i: chances[i])):
        reached = max(reached, min(1.0, chances[place] * (m - rank)))
        expected[place] = reached
    assert adjusted == pytest.approx(expected)


def estimate(value: float, error: float) -> Estimate:
    return Estimate.of(value, error, 30, 0.95)


def test_a_chance_is_that_of_students_t() -> None:
    one = estimate(2.042, 1.0)
    assert one.chance_above(0) == pytest.approx(0.025, abs=1e-4)
    assert one.low == pytest.approx(0, abs=1e-3)
    assert one.chance_above(2.042) == pytest.approx(0.5)
    assert one.mirrored().chance_below(0) == pytest.approx(0.025, abs=1e-4)


@pytest.mark.parametrize(
    ("value", "error", "expected"),
    [(0.0, 0.0, 1.0), (0.1, 0.0, 0.0), (float("nan"), 1.0, 1.0), (1.0, float("nan"), 1.0)],
)
def test_a_chance_that_cannot_be_told_is_no_alarm(
    value: float, error: float, expected: float
) -> None:
    assert estimate(value, error).chance_above(0) == expected


def test_the_worst_come_in_order_of_what_they_surely_are() -> None:
    worst = compared(6, n=5000).worst
    least = [one.at_least for one in worst]
    assert least == sorted(least, reverse=True)
    assert all(one.rise.value > 0 and one.at_least < one.rise.low for one in worst)
