"""How sure a metric is: a bootstrap over groups of clusters, each resample by its own error."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict
from scipy.special import stdtrit

from adclick.arrays import Float64
from adclick.evaluation.measures import Measure, ece_distance, measures
from adclick.evaluation.sums import Sums

TOGETHER = 100  # resamples at a time: what a processor's cache holds

type Lead = Literal["better", "worse", "unclear"]
type Values = Mapping[str, float]
type Figures = dict[str, Figure]
type Measures = dict[str, Measure]


class Figure(BaseModel):
    """A number with its confidence interval."""

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="constants")

    value: float
    low: float
    high: float

    def lead(self, better: int) -> Lead:
        """What a difference says of its first model; `better` is 1 where more is better, else -1.

        Unclear is one whose interval reaches over 0, or has no ends.
        """
        ends = (self.low * better, self.high * better)
        if not all(map(math.isfinite, ends)):
            return "unclear"
        return "better" if min(ends) > 0 else "worse" if max(ends) < 0 else "unclear"


@dataclass(frozen=True)
class _Drawn:
    """What resamples say of a model: errors by metric, of its own and of the lead over it."""

    errors: dict[str, list[Float64]] = field(default_factory=lambda: defaultdict(list))
    errors_of_leads: dict[str, list[Float64]] = field(default_factory=lambda: defaultdict(list))
    distances: list[Float64] = field(default_factory=list)


def intervals(
    sums: Mapping[str, Sums],
    values: Mapping[str, Values],
    leader: str,
    resamples: int,
    confidence: float,
    seed: int,
) -> dict[str, tuple[Figures, Figures]]:
    """For each model its metrics, and the leader's minus its, with intervals.

    `sums` are by group, the same groups for all models, and `values` are exact. The bootstrap is
    paired: models are compared on the same resamples of whole groups. Percentiles of resampled
    metrics are too close where groups are few or of different sizes, so that it is the errors in
    units of each resample's own standard error whose percentiles count (bootstrap-t; Efron and
    Tibshirani, An Introduction to the Bootstrap, 1993, chapter 12). Where Student's t on as many
    degrees of freedom as there are groups of equal size in effect is further out, it counts: each
    of the two alone errs on another side (`make bench-evaluation` shows how often).
    """
    once = np.ones((1, len(sums[leader].means)))
    shares = sums[leader].means[:, 0] / sums[leader].means[:, 0].sum()
    estimates = {name: measures(of_model, once) for name, of_model in sums.items()}
    leads = {name: _minus(estimates[leader], of_model) for name, of_model in estimates.items()}
    drawn = {name: _Drawn() for name in sums}
    for weights in resample_weights(len(shares), resamples, seed):
        resampled = {name: measures(of_model, weights) for name, of_model in sums.items()}
        for name, of_model in drawn.items():
            _add(of_model.errors, resampled[name], estimates[name], weights)
            lead = _minus(resampled[leader], resampled[name])
            _add(of_model.errors_of_leads, lead, leads[name], weights)
            of_model.distances.append(ece_distance(sums[name], weights))
    tail = (1 - confidence) / 2
    return {
        name: (
            _own_figures(values[name], estimates[name], of_model, shares, tail),
            {
                metric: _figure(
                    values[leader][metric] - value,
                    leads[name][metric],
                    of_model.errors_of_leads[metric],
                    shares,
                    tail,
                )
                for metric, value in values[name].items()
            },
        )
        for name, of_model in drawn.items()
    }


def _own_figures(
    values: Values, estimates: Measures, drawn: _Drawn, shares: Float64, tail: float
) -> Figures:
    figures = {
        metric: _figure(value, estimates[metric], drawn.errors[metric], shares, tail)
        for metric, value in values.items()
    }
    figures["ece"] = _reaching_down(figures["ece"], drawn.distances, tail)
    # no metric is below 0
    return {
        metric: figure.model_copy(update={"low": max(figure.low, 0.0)})
        for metric, figure in figures.items()
    }


def _minus(ours: Measures, theirs: Measures) -> Measures:
    return {metric: ours[metric] - measure for metric, measure in theirs.items()}


def resample_weights(groups: int, resamples: int, seed: int) -> Iterator[Float64]:
    """How often each group is drawn when as many are drawn as there are, (r, groups) at a time."""
    generator = np.random.default_rng(seed)
    for start in range(0, resamples, TOGETHER):
        rows = min(TOGETHER, resamples - start)
        yield generator.multinomial(groups, np.full(groups, 1 / groups), rows).astype(np.float64)


def _add(
    errors: dict[str, list[Float64]], resampled: Measures, estimates: Measures, weights: Float64
) -> None:
    """How far resamples lie from the estimates, in standard errors of their own, (r,) each."""
    for metric, measure in resampled.items():
        error = measure.value - estimates[metric].value
        with np.errstate(divide="ignore", invalid="ignore"):
            in_units = error / standard_error(measure, weights)
        # two models that are one differ by nothing and are sure of it
        errors[metric].append(np.where(error == 0, 0.0, in_units))


def standard_error(measure: Measure, weights: Float64) -> Float64:
    """Of totals whose groups are drawn `weights` (r, groups) times, (r,)."""
    groups = weights.shape[1]
    scale = groups / max(groups - 1, 1)
    error: Float64 = np.sqrt(scale * (weights * measure.influence**2).sum(axis=1))
    return error


def _figure(
    value: float, estimate: Measure, errors: list[Float64], shares: Float64, tail: float
) -> Figure:
    drawn = np.concatenate(errors)
    known = drawn[np.isfinite(drawn)]
    # resamples without a click say nothing; where they are more than a tail, nor does the interval
    if len(drawn) - len(known) > tail * len(drawn):
        return Figure(value=value, low=float("nan"), high=float("nan"))
    error, freedom = jackknife(estimate.influence[0], shares)
    least, most = np.quantile(known, (tail, 1 - tail))
    reach = float(stdtrit(freedom, 1 - tail))
    low, high = value - max(most, reach) * error, value - min(least, -reach) * error
    return Figure(value=value, low=float(low), high=float(high))


def _reaching_down(ece: Figure, distances: list[Float64], tail: float) -> Figure:
    """Noise alone makes an ECE: it may be smaller by as much as its gaps are unsure."""
    least = ece.value - float(np.quantile(np.concatenate(distances), 1 - tail))
    return ece.model_copy(update={"low": min(ece.low, least)})


def jackknife(influence: Float64, shares: Float64) -> tuple[Float64, Float64]:
    """Standard error (...) of a figure and its degrees of freedom, from influences (..., groups).

    `shares` (..., groups) of the impressions add up to 1. Leaving a group out moves a mean by its
    influence / (1 - its share), and groups count as if they were 1 / sum(shares ** 2) of one size
    (Kish, Survey Sampling, 1965).
    """
    groups = (shares > 0).sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        moved = (influence / (1 - shares)) ** 2
        error = np.sqrt((groups - 1) / groups * moved.sum(axis=-1))
        return error, 1 / (shares**2).sum(axis=-1) - 1
