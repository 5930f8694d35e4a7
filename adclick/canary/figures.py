"""How far a canary's figures lie from the champion's, and how much of that chance may give."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from adclick.arrays import Float64
from adclick.observation import Histogram, Observation, common_bounds
from adclick.statistics.chance import DEVIATIONS, share_difference


@dataclass(frozen=True)
class Lead:
    """By how much a figure is larger, as observed (`value`), and what of it is not chance."""

    value: float
    surely: float


def more_errors(champion: Observation, canary: Observation) -> Lead:
    """The canary's share of requests without scores, less the champion's.

    Refused requests count: both are asked the same, so that only a canary that takes other
    requests refuses more.
    """
    shares = error_share(champion), error_share(canary)
    difference, by_chance = share_difference(*shares, champion.requests, canary.requests)
    return Lead(shares[1] - shares[0], difference - by_chance)


def error_share(observed: Observation) -> float:
    """The share of requests without scores."""
    return (observed.refused + observed.failed) / observed.requests


def more_slow_requests(champion: Histogram, canary: Histogram, bound: float) -> Lead:
    """The canary's share of requests that took longer than `bound`, less the champion's."""
    shares = champion.above(bound) / champion.count, canary.above(bound) / canary.count
    difference, by_chance = share_difference(*shares, champion.count, canary.count)
    return Lead(shares[1] - shares[0], difference - by_chance)


def score_distance(champion: Observation, canary: Observation) -> Lead:
    """Jensen-Shannon distance of the scores' distributions over their buckets, 0 to 1 (base 2).

    What chance gives to the divergence, its square, is by the delta method: with m the mean of the
    shares p and q, the divergence's derivative by p_i is log2(p_i / m_i) / 2. Added is its bias,
    (cells - 1) / (8 ln 2) (1 / n_p + 1 / n_q): Grosse et al., Analysis of symbolic sequences using
    the Jensen-Shannon divergence, Physical Review E, 2002. The scores of one request are alike:
    n are requests.
    """
    bounds = common_bounds(champion.scores, canary.scores)
    counts = np.array([one.scores.within(bounds).counts for one in (champion, canary)], float)
    rows = np.array([_answered(champion), _answered(canary)])
    shares = counts / counts.sum(axis=1, keepdims=True)
    logs = _logs(shares)
    divergence = min(1.0, max(0.0, float((shares * logs).sum()) / 2))
    spread = (shares * logs**2).sum(axis=1) - (shares * logs).sum(axis=1) ** 2
    # rounding may leave a little less than nothing
    by_chance = DEVIATIONS * math.sqrt(max(0.0, float((spread / 4 / rows).sum())))
    cells = int((shares.sum(axis=0) > 0).sum())
    bias = (cells - 1) / (8 * math.log(2)) * float((1 / rows).sum())
    return Lead(math.sqrt(divergence), math.sqrt(max(0.0, divergence - by_chance - bias)))


def score_ratio(champion: Observation, canary: Observation) -> Lead:
    """Logarithm of the larger mean score over the smaller one.

    Its variance is at most that of scores which all lie at the farther edge of their buckets, over
    the number of requests, since the scores of one request are alike.
    """
    lead = abs(math.log(canary.scores.mean / champion.scores.mean))
    variance = sum(
        _largest_variance(one.scores) / one.scores.mean**2 / _answered(one)
        for one in (champion, canary)
    )
    return Lead(lead, lead - DEVIATIONS * math.sqrt(variance))


def _answered(observed: Observation) -> int:
    return max(1, observed.requests - observed.refused - observed.failed)


def _logs(shares: Float64) -> Float64:
    mean = shares.mean(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log2(shares / mean)
    return np.where(shares > 0, logs, 0.0)


def _largest_variance(scores: Histogram) -> float:
    edges = np.minimum([0.0, *scores.bounds], 1.0)
    farther = np.maximum(np.abs(edges[1:] - scores.mean), np.abs(edges[:-1] - scores.mean))
    return float((np.array(scores.counts) * farther**2).sum() / scores.count)
