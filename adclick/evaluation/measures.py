"""Metrics as smooth functions of sums, with their gradients: what each group of rows adds to them.

The influence of a group is the gradient times its sums; their squares add up to the variance of a
metric over groups that are independent (the infinitesimal jackknife; Efron, 1982).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from adclick.arrays import Float64
from adclick.evaluation.sums import MEANS, Sums


@dataclass(frozen=True)
class Measure:
    """A metric (r,) of r totals, and the influence (r, groups) of each group of rows on it."""

    value: Float64
    influence: Float64

    def __sub__(self, other: Measure) -> Measure:
        return Measure(self.value - other.value, self.influence - other.influence)

    def __add__(self, other: Measure) -> Measure:
        return Measure(self.value + other.value, self.influence + other.influence)


def measures(groups: Sums, weights: Float64) -> dict[str, Measure]:
    """Every metric of groups that are drawn `weights` (r, groups) times.

    AUC and average precision are those of the grid, in which scores of one cell tie: AUC differs
    by at most 1 / GRID from that of the rows. NaN where there is no click or nothing else.
    """
    totals = groups.drawn(weights)
    impressions, clicks = totals.means.T[:2]
    totals.means[(clicks == 0) | (clicks == impressions)] = np.nan
    totals.bins[np.isnan(totals.means[:, 0])] = np.nan
    with np.errstate(divide="ignore", invalid="ignore"):
        found = {
            "auc": _measure(_auc, totals.grid, groups.grid),
            "pr_auc": _measure(_average_precision, totals.grid, groups.grid),
            "logloss": _measure(_logloss, totals.means, groups.means),
            "normalised_entropy": _measure(_normalised_entropy, totals.means, groups.means),
            "calibration": _measure(_calibration, totals.means, groups.means),
            "ece": _measure(_ece, totals.bins, groups.bins),
            "brier": _measure(_brier, totals.means, groups.means),
            "reliability": _measure(_reliability, totals.bins, groups.bins),
            "uncertainty": _measure(_uncertainty, totals.means, groups.means),
        }
    found["resolution"] = found["reliability"] + found["uncertainty"] - found["brier"]
    return found


def ece_distance(groups: Sums, weights: Float64) -> Float64:
    """How far the gaps of resamples lie from those of all rows, as ECE weighs them, (r,).

    By the triangle inequality the true ECE is below the measured one by at most what the true gaps
    are away from the measured ones.
    """
    impressions, clicks, predicted = np.moveaxis(groups.drawn(weights).bins, -1, 0)
    shown, clicked, said = np.moveaxis(groups.bins.sum(axis=0), -1, 0)
    gaps = (predicted - clicks) / impressions.sum(axis=-1, keepdims=True)
    return np.asarray(np.abs(gaps - (said - clicked) / shown.sum()).sum(axis=-1))


def _measure(
    metric: Callable[[Float64], tuple[Float64, Float64]], totals: Float64, groups: Float64
) -> Measure:
    value, gradient = metric(totals)
    flat = groups.reshape(len(groups), -1)
    return Measure(value, gradient.reshape(len(totals), -1) @ flat.T)


def _logloss(totals: Float64) -> tuple[Float64, Float64]:
    impressions, _, loss, _, _ = totals.T
    value = loss / impressions
    return value, _columns(totals, impressions=-value / impressions, loss=1 / impressions)


def _brier(totals: Float64) -> tuple[Float64, Float64]:
    impressions, *_, squares = totals.T
    value = squares / impressions
    return value, _columns(totals, impressions=-value / impressions, squares=1 / impressions)


def _calibration(totals: Float64) -> tuple[Float64, Float64]:
    _, clicks, _, predicted, _ = totals.T
    value = predicted / clicks
    return value, _columns(totals, clicks=-value / clicks, predicted=1 / clicks)


def _uncertainty(totals: Float64) -> tuple[Float64, Float64]:
    impressions, clicks, *_ = totals.T
    rate = clicks / impressions
    slope = (1 - 2 * rate) / impressions
    return rate * (1 - rate), _columns(totals, impressions=-slope * rate, clicks=slope)


def _normalised_entropy(totals: Float64) -> tuple[Float64, Float64]:
    impressions, clicks, loss, _, _ = totals.T
    rate = clicks / impressions
    entropy = -(rate * np.log(rate) + (1 - rate) * np.log1p(-rate))
    value = loss / impressions / entropy
    slope = value * np.log((1 - rate) / rate) / entropy / impressions
    return value, _columns(
        totals,
        impressions=slope * rate - value / impressions,
        clicks=-slope,
        loss=1 / (impressions * entropy),
    )


def _columns(totals: Float64, **parts: Float64) -> Float64:
    gradient = np.zeros_like(totals)
    for name, part in parts.items():
        gradient[:, MEANS.index(name)] = part
    return gradient


def _ece(totals: Float64) -> tuple[Float64, Float64]:
    impressions, clicks, predicted = np.moveaxis(totals, -1, 0)
    total = impressions.sum(axis=-1, keepdims=True)
    gap = predicted - clicks
    value = np.abs(gap).sum(axis=-1, keepdims=True) / total
    sign = np.sign(gap) / total
    gradient = np.stack([np.broadcast_to(-value / total, gap.shape), -sign, sign], axis=-1)
    return value[..., 0], gradient


def _reliability(totals: Float64) -> tuple[Float64, Float64]:
    impressions, clicks, predicted = np.moveaxis(totals, -1, 0)
    total = impressions.sum(axis=-1, keepdims=True)
    gap = np.divide(
        predicted - clicks, impressions, out=np.zeros_like(impressions), where=impressions > 0
    )
    value = (impressions * gap**2).sum(axis=-1, keepdims=True) / total
    slope = 2 * gap / total
    return value[..., 0], np.stack([-(gap**2) / total - value / total, -slope, slope], axis=-1)


def _auc(totals: Float64) -> tuple[Float64, Float64]:
    clicks, unclicked = totals[..., 0], totals[..., 1]
    all_clicks, all_unclicked = (part.sum(axis=-1, keepdims=True) for part in (clicks, unclicked))
    # the share of the other kind that lies above each cell
    clicks_above = (np.cumsum(clicks, axis=-1) - clicks / 2) / all_clicks
    unclicked_above = (np.cumsum(unclicked, axis=-1) - unclicked / 2) / all_unclicked
    value = (unclicked * clicks_above).sum(axis=-1, keepdims=True) / all_unclicked
    gradient = [
        (1 - unclicked_above - value) / all_clicks,
        (clicks_above - value) / all_unclicked,
    ]
    return value[..., 0], np.stack(gradient, axis=-1)


def _average_precision(totals: Float64) -> tuple[Float64, Float64]:
    clicks, unclicked = totals[..., 0], totals[..., 1]
    share = clicks / clicks.sum(axis=-1, keepdims=True)
    clicks_to, unclicked_to = np.cumsum(clicks, axis=-1), np.cumsum(unclicked, axis=-1)
    shown_to = clicks_to + unclicked_to
    shown_to[shown_to == 0] = 1
    precision = clicks_to / shown_to
    value = (share * precision).sum(axis=-1, keepdims=True)
    # a click above raises the precision of all cells from its own on, an unclicked one lowers it
    raised = _from_here(share * unclicked_to / shown_to**2)
    lowered = _from_here(share * clicks_to / shown_to**2)
    gradient = [(precision - value) / clicks.sum(axis=-1, keepdims=True) + raised, -lowered]
    return value[..., 0], np.stack(gradient, axis=-1)


def _from_here(parts: Float64) -> Float64:
    """The sum of each element and all after it, along the last axis."""
    return np.asarray(np.cumsum(parts[..., ::-1], axis=-1)[..., ::-1])
