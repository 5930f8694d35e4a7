"""Where a challenger is worst: all slices of one column or two, by what is known of each."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from pydantic import BaseModel, ConfigDict

from adclick.arrays import Float64
from adclick.evaluation.cut import Cut, crossed
from adclick.evaluation.estimate import Estimate, holm
from adclick.evaluation.intervals import jackknife
from adclick.evaluation.options import EvaluationOptions
from adclick.evaluation.rows import ScoredRows
from adclick.evaluation.slices import entropy
from adclick.evaluation.sums import MEANS, by_cell, row_sums

GROUPS = 64
TOGETHER = 20_000  # slices a pass over the rows: about 30 MB
LEAST_CLICKS = 10
LOSS = MEANS.index("loss")


class Deficit(BaseModel):
    """A slice where the challenger does worse than its opponent, as far as that can be told.

    `rise` is challenger minus opponent in normalised entropy. `at_least` is what it surely is,
    given how many slices were searched for the worst (Bonferroni): small slices vary more than
    large ones, and the largest of many rises would be chance. `chance` is how probable such a rise
    would be in any of them if the challenger were worse in none (Holm).
    """

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="constants")

    column: str
    value: str
    impressions: int
    clicks: int
    rise: Estimate
    at_least: float
    chance: float


@dataclass(frozen=True)
class _Found:
    cut: Cut
    code: int
    impressions: float
    clicks: float
    rise: Estimate


def worst_slices(
    rows: ScoredRows,
    cuts: Sequence[Cut],
    challenger: str,
    opponent: str,
    options: EvaluationOptions,
) -> tuple[Deficit, ...]:
    """The `worst` slices of all cuts and crosses of two, the worst first.

    A cross is there where it is surely worse than the slices of one column that it lies in.
    """
    if not options.slices.worst:
        return ()
    every = [*cuts, *(crossed(*pair) for pair in combinations(cuts, 2))]
    found = [
        slice_found
        for some in _together(every)
        for slice_found in _searched(rows, some, challenger, opponent, options)
    ]
    if not found:
        return ()
    tail = (1 - options.confidence) / len(found)
    least = [one.rise.least(tail) for one in found]
    chances = holm([one.rise.chance_above(0) for one in found])
    alone = {
        one.cut.within(one.code)[0]: one.rise.value for one in found if len(one.cut.columns) == 1
    }
    deficits = [
        Deficit(
            column=one.cut.name,
            value=one.cut.values[one.code],
            impressions=int(one.impressions),
            clicks=int(one.clicks),
            rise=one.rise,
            at_least=rise,
            chance=chance,
        )
        for one, rise, chance in zip(found, least, chances, strict=True)
        if one.rise.value > 0 and rise > _of_columns(one, alone)
    ]
    deficits.sort(key=lambda deficit: -deficit.at_least)
    return tuple(deficits[: options.slices.worst])


def _together(cuts: Sequence[Cut]) -> Iterator[list[Cut]]:
    """All cuts, as many at a time as memory is meant for."""
    some: list[Cut] = []
    for cut in cuts:
        if some and sum(len(one.values) for one in (*some, cut)) > TOGETHER:
            yield some
            some = []
        some.append(cut)
    if some:
        yield some


def _of_columns(one: _Found, alone: Mapping[tuple[str, str], float]) -> float:
    """What a cross has to exceed to tell more than its columns do."""
    if len(one.cut.columns) == 1:
        return -math.inf
    return max(alone.get(part, -math.inf) for part in one.cut.within(one.code))


def _searched(
    rows: ScoredRows,
    cuts: Sequence[Cut],
    challenger: str,
    opponent: str,
    options: EvaluationOptions,
) -> Iterator[_Found]:
    sums = [np.zeros((len(cut.values) * GROUPS, 3)) for cut in cuts]
    for block in rows.blocks():
        clicks, impressions = block.clicks, block.impressions
        ours, theirs = (
            row_sums(block.score(model), clicks, impressions)[LOSS]
            for model in (challenger, opponent)
        )
        of_rows = np.array([impressions, clicks, ours - theirs])
        groups = block.groups % GROUPS
        for number, cut in enumerate(cuts):
            cells = cut.codes(block) * np.int64(GROUPS) + groups
            sums[number] += by_cell(of_rows, cells, len(sums[number]))
    for cut, total in zip(cuts, sums, strict=True):
        yield from _rises(cut, total.reshape(len(cut.values), GROUPS, 3), options)


def _rises(cut: Cut, sums: Float64, options: EvaluationOptions) -> Iterator[_Found]:
    impressions, clicks, more = sums.sum(axis=1).T
    enough = (impressions >= options.slices.min_impressions) & (clicks >= LEAST_CLICKS)
    for code in np.flatnonzero(enough & (clicks < impressions)):
        mean = more[code] / impressions[code]
        shares = sums[code, :, 0] / impressions[code]
        influence = (sums[code, :, 2] - mean * sums[code, :, 0]) / impressions[code]
        error, freedom = map(float, jackknife(influence, shares))
        scale = 1 / float(entropy(clicks[code] / impressions[code]))
        freedom = min(freedom, clicks[code] - 1)
        rise = Estimate.of(mean * scale, error * scale, freedom, options.confidence)
        if np.isfinite(rise.error):
            yield _Found(cut, int(code), impressions[code], clicks[code], rise)
