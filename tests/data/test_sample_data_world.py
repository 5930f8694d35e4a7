from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adclick.sample_data.ceiling import expected_auc, expected_logloss
from adclick.sample_data.creatives import Creatives, draw_advertisers, draw_creatives, live_in
from adclick.sample_data.impressions import Impressions, draw_impressions
from adclick.sample_data.options import SampleOptions
from adclick.sample_data.world import World

ROWS = 60_000
LAST = 7


def big(rule_seed: int, **changes: float) -> SampleOptions:
    """So many creatives that a month's ceilings hardly depend on which were drawn."""
    size = {"months": LAST + 1, "impressions": ROWS * (LAST + 1), "creatives_per_month": 3_000}
    return SampleOptions.model_validate({**size, "rule_seed": rule_seed, **changes})


@cache
def month_of(options: SampleOptions, month: int) -> Impressions:
    world = World.create(options)
    live = live_in(options, world.styles, month)
    return draw_impressions(world, options, live, month, start=0, stop=ROWS)


def ads(world: World, n: int = 20_000) -> Creatives:
    rng = np.random.default_rng(11)
    return draw_creatives(rng, world.styles, draw_advertisers(rng, n))


def auc_over_all_pairs(p: list[float], scores: list[int]) -> float:
    won = total = 0.0
    for i, (p_i, s_i) in enumerate(zip(p, scores, strict=True)):
        for j, (p_j, s_j) in enumerate(zip(p, scores, strict=True)):
            if i != j:
                total += p_i * (1 - p_j)
                won += p_i * (1 - p_j) * ((s_i > s_j) + (s_i == s_j) / 2)
    return won / total


@given(st.lists(st.tuples(st.floats(0.01, 0.99), st.integers(0, 4)), min_size=2, max_size=12))
def test_expected_auc_is_its_definition(rows: list[tuple[float, int]]) -> None:
    p, scores = [row[0] for row in rows], [row[1] for row in rows]
    assert expected_auc(p, scores) == pytest.approx(auc_over_all_pairs(p, scores), abs=1e-9)


def test_expected_logloss_is_lowest_at_the_truth() -> None:
    p = np.array([0.1, 0.5])
    floor = expected_logloss(p, p)
    entropy = -(0.1 * np.log(0.1) + 0.9 * np.log(0.9) + np.log(0.5)) / 2
    assert floor == pytest.approx(entropy)
    assert expected_logloss(p, p + 0.05) > floor < expected_logloss(p, p - 0.05)


@pytest.mark.parametrize("rule_seed", [0, 1])
@pytest.mark.parametrize("base_rate", [0.04, 0.01])
def test_the_first_month_has_the_base_rate(rule_seed: int, base_rate: float) -> None:
    impressions = month_of(big(rule_seed, base_rate=base_rate), 0)
    assert impressions.truth.p.mean() == pytest.approx(base_rate, rel=0.05)


@pytest.mark.parametrize("rule_seed", [0, 1])
def test_clicks_are_drawn_from_the_probabilities(rule_seed: int) -> None:
    impressions = month_of(big(rule_seed), LAST)
    p = impressions.truth.p
    likely = p > np.median(p)
    for rows in (likely, ~likely):
        surprise = (impressions.clicked - p)[rows].sum() / np.sqrt((p * (1 - p))[rows].sum())
        assert abs(surprise) < 4


def test_the_season_lifts_the_odds_by_a_tenth_in_the_fourth_month() -> None:
    options = big(0, drift=0.0)
    world = World.create(options)
    seen = month_of(options, 0)
    fourth, tenth = (
        world.probabilities(month, seen.contexts, seen.live, seen.shown).p for month in (3, 9)
    )
    odds = [p / (1 - p) for p in (seen.truth.p, fourth, tenth)]
    np.testing.assert_allclose(np.log(odds[1] / odds[0]), 0.1)
    np.testing.assert_allclose(np.log(odds[2] / odds[0]), -0.1)


@pytest.mark.parametrize("rule_seed", [0, 1])
@pytest.mark.parametrize("month", [0, LAST])
def test_the_ceilings_are_where_they_should_be(rule_seed: int, month: int) -> None:
    truth = month_of(big(rule_seed), month).truth
    best = expected_auc(truth.p, truth.p)
    blind = expected_auc(truth.p, truth.without_image)
    assert best == pytest.approx(0.80, abs=0.015)
    assert blind == pytest.approx(0.757, abs=0.015)
    assert 0.035 < best - blind < 0.055


@pytest.mark.parametrize("rule_seed", [0, 1])
def test_the_guess_without_image_is_calibrated_and_between(rule_seed: int) -> None:
    truth = month_of(big(rule_seed), LAST).truth
    assert truth.without_image.mean() == pytest.approx(truth.p.mean(), rel=0.04)
    floor = expected_logloss(truth.p, truth.p)
    blind = expected_logloss(truth.p, truth.without_image)
    constant = expected_logloss(truth.p, np.full(ROWS, truth.p.mean()))
    assert floor + 0.004 < blind < constant - 0.008
    for half in (truth.without_image > 0.04, truth.without_image <= 0.04):
        assert truth.without_image[half].mean() == pytest.approx(truth.p[half].mean(), rel=0.06)


@pytest.mark.parametrize("rule_seed", range(4))
def test_what_must_be_seen_weighs_more_than_colours(rule_seed: int) -> None:
    world = World.create(big(rule_seed))
    drawn = ads(world)
    q = world.appeal.alone(drawn)

    def share_of(**levelled: float) -> float:
        """Share of q's variance that goes when a trait is the same in all ads."""
        level = replace(drawn, **{k: np.full(len(drawn), v) for k, v in levelled.items()})
        return float((q - world.appeal.alone(level)).var() / q.var())

    assert share_of(product_size=world.appeal.best_size) > 0.15
    assert share_of(clutter=4) > 0.15
    assert share_of(badge=0, contrast=0.5) > 0.15
    assert share_of(saturation=0.5, darkness=0.5, warmth=0.5) < 0.03


@pytest.mark.parametrize("rule_seed", range(4))
def test_middling_products_and_badges_beside_clear_buttons_please(rule_seed: int) -> None:
    world = World.create(big(rule_seed))
    one = ads(world, 1)

    def worth(**looks: float) -> float:
        ad = replace(one, **{name: np.array([value]) for name, value in looks.items()})
        return float(world.appeal.alone(ad)[0])

    best = world.appeal.best_size
    assert worth(product_size=best) > worth(product_size=0.0) + 1
    assert worth(product_size=best) > worth(product_size=1.0) + 1
    assert worth(badge=1, contrast=1.0) > worth(badge=0, contrast=1.0) + 0.5
    assert worth(badge=1, contrast=0.0) < worth(badge=0, contrast=0.0) - 0.5
    assert worth(clutter=0) > worth(clutter=9) + 1


def test_audiences_differ_in_what_they_like() -> None:
    impressions = month_of(big(0), 0)
    world = World.create(big(0))
    advertiser = impressions.live.advertiser[impressions.shown]
    wishes = world.appeal.wishes(impressions.contexts, advertiser)
    assert (wishes[impressions.contexts.segment < 4, 0] > 0).all()
    assert (wishes[impressions.contexts.segment >= 4, 0] < 0).all()
    assert (wishes[impressions.contexts.device == 1, 3] < 0).all()
    parts = wishes * world.appeal.offers(impressions.live)[impressions.shown]
    assert (parts.var(axis=0) > 0.05 * parts.sum(axis=1).var()).all()


def test_about_half_of_a_later_month_shows_ads_never_seen_before() -> None:
    for month in (2, LAST):
        impressions = month_of(big(0), month)
        cold = impressions.live.born[impressions.shown] == month
        assert cold.mean() == pytest.approx(0.5, abs=0.05)
        assert set(np.unique(impressions.live.born)) == {month - 2, month - 1, month}


@pytest.mark.parametrize(("drift", "least", "most"), [(0.0, 0.999, 1.0), (0.05, 0.85, 0.98)])
def test_tastes_turn_by_the_drift(drift: float, least: float, most: float) -> None:
    options = big(0, drift=drift)
    world = World.create(options)
    seen = month_of(options, 0)
    first, last = (
        np.log(world.probabilities(month, seen.contexts, seen.live, seen.shown).p)
        for month in (0, LAST)
    )
    assert least <= np.corrcoef(first, last)[0, 1] <= most + 1e-9


def test_the_rule_seed_alone_decides_the_world() -> None:
    seen = month_of(big(0), 0)

    def judged_by(options: SampleOptions) -> np.ndarray:
        world = World.create(options)
        return world.probabilities(0, seen.contexts, seen.live, seen.shown).p

    np.testing.assert_array_equal(judged_by(big(0, seed=5)), seen.truth.p)
    other = judged_by(big(1))
    assert abs(np.corrcoef(np.log(other), np.log(seen.truth.p))[0, 1]) < 0.6
