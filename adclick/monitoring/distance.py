"""How far two distributions lie apart, and how far chance alone would put them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from scipy.special import gammaincinv

from adclick.arrays import Float64

Measure = Literal["psi", "jensen-shannon", "wasserstein"]
MEASURES: tuple[Measure, ...] = get_args(Measure)

# some dozen figures are looked at every month: at 0.001 chance would pass one in each fourth year
CHANCE = 0.0002
DRAWS = 200
COARSE = 100
# of a value that one side lacks: its logarithm would be infinite, and with a count for a floor PSI
# would grow with the rows
LEAST_SHARE = 1e-4


@dataclass(frozen=True)
class Distance:
    """`value` is the distance less what chance adds: the same, however many rows there are.

    `measured` is that of the rows at hand, `by_chance` what two samples of one distribution with as
    many independent rows exceed once in 1 / CHANCE times.
    """

    value: float
    measured: float
    by_chance: float

    def beyond(self, bound: float) -> bool:
        """Whether the distance is past the bound, by chance or not."""
        return self.value > bound

    @property
    def surely(self) -> bool:
        """Whether chance is no explanation."""
        return self.measured > self.by_chance


@dataclass(frozen=True)
class Cells:
    """Two distributions over the same k cells: impressions (k,), of which at least one in each.

    `draws` are how many independent rows each side is worth. `places` (k,) are the cells' numbers
    in units of the reference's standard deviation, None where cells are values.
    """

    reference: Float64
    current: Float64
    draws: tuple[float, float]
    places: Float64 | None = None


def distance(cells: Cells, measure: Measure, seed: int = 0) -> Distance:
    """The distance of the two sides of `cells`.

    psi: sum of (c - r) ln(c / r) over the shares c and r (Siddiqi, Credit Risk Scorecards, 2006).
    jensen-shannon: the root of the divergence in bits, 0 to 1 (Endres and Schindelin, 2003).
    wasserstein: the mean distance that values moved, in standard deviations of the reference.

    What chance makes of them grows with 1/n + 1/m (for PSI: Yurdakul, Statistical Properties of
    Population Stability Index, 2018), and near empty cells nobody has a formula: it is found by
    drawing both sides from the reference, `DRAWS` times. PSI and the squares of the others are
    what chance adds to.
    """
    one, other = _shares(cells.reference), _shares(cells.current)
    if measure == "wasserstein":
        assert cells.places is not None
        measured = float(_wasserstein(cells.places)(one, other))
        shares, places = _coarse(one, cells.places)
        compare = _wasserstein(places)
    else:
        compare, shares = (_psi if measure == "psi" else _jensen_shannon), one
        measured = float(compare(one, other))
    mean, by_chance = _chance(shares, cells.draws, compare, seed)
    if measure == "psi":
        value = max(measured - mean, 0.0)
    else:
        value = math.sqrt(max(measured**2 - mean**2, 0.0))
    return Distance(value, measured, by_chance)


def _shares(counts: Float64) -> Float64:
    return np.asarray(counts / counts.sum(axis=-1, keepdims=True))


def _wasserstein(places: Float64) -> Callable[[Float64, Float64], Float64]:
    widths = np.diff(places)

    def compare(one: Float64, other: Float64) -> Float64:
        apart = np.cumsum(one - other, axis=-1)[..., :-1]
        return np.asarray(np.abs(apart) @ widths)

    return compare


def _coarse(shares: Float64, places: Float64) -> tuple[Float64, Float64]:
    """Neighbouring cells together, at most COARSE: chance moves many small ones as it does few."""
    if len(shares) <= COARSE:
        return shares, places
    middle = np.cumsum(shares) - shares / 2
    groups = np.minimum((middle * COARSE).astype(np.int64), COARSE - 1)
    together = np.bincount(groups, shares, COARSE).astype(np.float64)
    filled = together > 0
    means = np.bincount(groups, shares * places, COARSE)[filled] / together[filled]
    return together[filled], means


def _psi(one: Float64, other: Float64) -> Float64:
    one, other = np.maximum(one, LEAST_SHARE), np.maximum(other, LEAST_SHARE)
    return np.asarray(((other - one) * np.log(other / one)).sum(axis=-1))


def _jensen_shannon(one: Float64, other: Float64) -> Float64:
    middle = (one + other) / 2
    middle[middle == 0] = 1
    divergence = 0.0
    for part in (one, other):
        ratio = np.where(part > 0, part / middle, 1)
        divergence += (part * np.log2(ratio)).sum(axis=-1)
    return np.asarray(np.sqrt(np.maximum(divergence / 2, 0)))


def _chance(
    shares: Float64,
    draws: tuple[float, float],
    compare: Callable[[Float64, Float64], Float64],
    seed: int,
) -> tuple[float, float]:
    """Mean and far quantile of the distance of samples of `shares`, taken for gamma variates."""
    generator = np.random.default_rng(seed)
    one, other = (
        _shares(generator.multinomial(max(round(count), 1), shares, DRAWS).astype(np.float64))
        for count in draws
    )
    found = compare(one, other)
    mean, variance = float(found.mean()), float(found.var())
    if not variance:
        return mean, mean
    shape = mean**2 / variance
    return mean, float(gammaincinv(shape, 1 - CHANCE)) * variance / mean
