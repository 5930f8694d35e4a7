"""By how much a click rate changed, as surely as it can be known."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from adclick.evaluation.estimate import Estimate
from adclick.monitoring.clicks import Clicks
from adclick.statistics.effective import effective_count

# with fewer ads that were shown in both periods, or a smaller share of the impressions, these are
# no sample of the others
FEWEST_ADS = 20
LEAST_SHARE = 0.2
CONFIDENCE = 0.95


@dataclass(frozen=True)
class RateChange:
    """The logarithm of a ratio of click rates, and `of` which ads.

    Few ads know little of their spread, which the estimate's degrees of freedom say.
    """

    logarithm: Estimate
    of: str = ""

    @property
    def ratio(self) -> float:
        """How many times as high the rate is."""
        return math.exp(self.logarithm.value)


def rate_change(reference: Clicks, current: Clicks) -> RateChange:
    """The change of the click rate: of all ads, or of those shown before if that is surer.

    New ads are clicked more or less than others, so that a month with few of them differs from the
    next. What was shown in both periods is compared ad by ad (Mantel and Haenszel, 1959).
    """
    ratio = rate([current.totals]) / rate([reference.totals])
    before, after = _relative_error(reference), _relative_error(current)
    error = math.hypot(before, max(after, _expected_error(reference, current, before)))
    freedom = max(_effective(current) - 1, 1.0)
    everything = RateChange(Estimate.of(math.log(ratio), error, freedom, CONFIDENCE))
    same = _of_same_ads(reference, current)
    return same if same is not None and same.logarithm.error < error else everything


def rate(groups: Iterable[tuple[int, int]]) -> float:
    """Clicks per impression; half a click keeps ratios finite where nothing was clicked."""
    shown, clicked = (float(sum(part)) for part in zip(*groups, strict=True))
    return (clicked + 0.5) / (shown + 0.5)


def rate_error(groups: Iterable[tuple[int, int]], of_rate: float) -> float:
    """Of the logarithm of a rate, from groups of impressions and clicks independent of each other.

    At least what Poisson's distribution gives of so many clicks. Source: Cochran, Sampling
    Techniques, 1977, chapter 6 (ratio estimates).
    """
    shown, clicked = np.array(list(groups), np.float64).T
    total, count = shown.sum(), int((shown > 0).sum())
    poisson = 1 / (clicked.sum() + 0.5)
    if count < 2 or not of_rate:
        return math.sqrt(poisson)
    squares = float(((clicked - of_rate * shown) ** 2).sum()) * count / (count - 1)
    return math.sqrt(max(squares / (of_rate * total) ** 2, poisson))


def _relative_error(clicks: Clicks) -> float:
    """Ads are not clicked alike, nor are days."""
    groups = ([clicks.totals], clicks.days, tuple(clicks.creatives.values()))
    return max(rate_error(group, clicks.rate) for group in groups if group)


def _effective(clicks: Clicks) -> float:
    """How many ads of equal impressions say as much."""
    shown = np.array([pair[0] for pair in clicks.creatives.values()], np.float64)
    return effective_count(shown) if len(shown) else clicks.impressions


def _expected_error(reference: Clicks, current: Clicks, before: float) -> float:
    """The error of a rate like the reference's, of as many ads and impressions as there are now.

    A rate that is low by chance would seem surer than it is: how much ads differ is taken from the
    reference, where they are more.
    """
    of_ads = max(before**2 - 1 / (reference.clicks + 0.5), 0.0) * _effective(reference)
    expected = reference.rate * current.impressions + 0.5
    return math.sqrt(1 / expected + of_ads / _effective(current))


def _of_same_ads(reference: Clicks, current: Clicks) -> RateChange | None:
    """By the ads that both know; the error is from how much the ads differ in their change."""
    same = sorted(reference.creatives.keys() & current.creatives.keys())
    if len(same) < FEWEST_ADS:
        return None
    before = np.array([reference.creatives[name] for name in same], np.float64)
    after = np.array([current.creatives[name] for name in same], np.float64)
    if after[:, 0].sum() < LEAST_SHARE * current.impressions:
        return None
    shown = before[:, 0] + after[:, 0]
    more, fewer = after[:, 1] * before[:, 0] / shown, before[:, 1] * after[:, 0] / shown
    if not more.sum() or not fewer.sum():
        return None
    influence = more / more.sum() - fewer / fewer.sum()
    variance = float(influence @ influence) * len(same) / (len(same) - 1)
    poisson = 1 / after[:, 1].sum() + 1 / before[:, 1].sum()
    ratio, error = more.sum() / fewer.sum(), math.sqrt(max(variance, poisson))
    change = Estimate.of(math.log(ratio), error, effective_count(shown) - 1, CONFIDENCE)
    return RateChange(change, f" of {len(same):,} ads shown before")
