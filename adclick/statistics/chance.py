"""Whether a change is no more than chance gives in so few rows."""

from __future__ import annotations

import math

from scipy.special import chdtri, ndtri

# dozens of columns are looked at every month: at 0.05 chance would pass one or two in each
CHANCE = 0.001
DEVIATIONS = float(-ndtri(CHANCE / 2))


def same_rate(before: float, after: float, before_count: float, after_count: float) -> bool:
    """Whether two rates above 0 may be one, going by the counts of what they count (Poisson).

    The standard error of the logarithm of their ratio is sqrt(1 / before_count + 1 / after_count).
    Source: Rothman, Epidemiology: An Introduction, 2002.
    """
    error = math.sqrt(1 / before_count + 1 / after_count)
    return abs(math.log(after / before)) <= DEVIATIONS * error


def same_share(before: float, after: float, before_rows: float, after_rows: float) -> bool:
    """Whether the shares of two samples of so many rows may be those of one distribution."""
    difference, by_chance = share_difference(before, after, before_rows, after_rows)
    return abs(difference) <= by_chance


def share_difference(
    before: float, after: float, before_rows: float, after_rows: float
) -> tuple[float, float]:
    """By how much the second share is larger, and the difference that chance rarely exceeds.

    One more row of each kind is added to both, so that shares near 0 or 1 of few rows are no proof.
    Source: Agresti and Caffo, Simple and Effective Confidence Intervals for Proportions, 2000.
    """
    rows = before_rows + 2, after_rows + 2
    shares = (before * before_rows + 1) / rows[0], (after * after_rows + 1) / rows[1]
    variance = sum(p * (1 - p) / n for p, n in zip(shares, rows, strict=True))
    return shares[1] - shares[0], DEVIATIONS * math.sqrt(variance)


def divergence_by_chance(cells: int, before_rows: float, after_rows: float) -> float:
    """Jensen-Shannon divergence in bits that samples of one distribution rarely exceed.

    Times 8 / (1 / before_rows + 1 / after_rows) it is, in nats, about chi-square with f = cells - 1
    degrees of freedom. Source: Grosse et al., Analysis of symbolic sequences using the
    Jensen-Shannon divergence, Physical Review E, 2002.
    """
    rarely = float(chdtri(cells - 1, CHANCE))
    return rarely / (8 * math.log(2)) * (1 / before_rows + 1 / after_rows)
