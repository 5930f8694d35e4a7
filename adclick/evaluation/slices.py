"""Metrics of slices, and how sure the challenger's lead in each of them is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel, ConfigDict

from adclick.arrays import Float64
from adclick.evaluation.cut import Cut
from adclick.evaluation.estimate import Estimate
from adclick.evaluation.intervals import jackknife
from adclick.evaluation.measured import Measured, SliceSums

SLICE_METRICS = ("auc", "pr_auc", "logloss", "normalised_entropy", "calibration", "brier")
LEADS = ("auc", "logloss", "normalised_entropy")


class SliceFigures(BaseModel):
    """Metrics by model name of the impressions that share a value (or two).

    `leads` are challenger minus opponent by metric, `calibration` the logarithm of the challenger's
    predicted over observed clicks; they are single comparisons, not yet corrected for their number.
    """

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="constants")

    column: str
    value: str
    impressions: int
    clicks: int
    metrics: dict[str, dict[str, float]]
    leads: dict[str, Estimate] = {}
    calibration: Estimate | None = None


def slice_figures(
    cuts: Sequence[Cut],
    measured: Mapping[str, Measured],
    challenger: str,
    opponent: str | None,
    least: int,
    confidence: float,
) -> Iterator[SliceFigures]:
    """The slices of all cuts that have `least` impressions or more."""
    for number, cut in enumerate(cuts):
        sums = {name: model.slices[number] for name, model in measured.items()}
        ours = sums[challenger]
        leads = _leads(ours, sums[opponent]) if opponent else {}
        calibration = _log_calibration(ours)
        metrics = {name: _metrics(of_model) for name, of_model in sums.items()}
        shown, clicks = ours.means.sum(axis=1).T[:2]
        for code, value in enumerate(cut.values):
            if shown[code] < least:
                continue

            def estimate(part: _Errors, code: int = code) -> Estimate:
                value, error, freedom = (float(of_slice[code]) for of_slice in part)
                return Estimate.of(value, error, freedom, confidence)

            yield SliceFigures(
                column=cut.name,
                value=value,
                impressions=int(shown[code]),
                clicks=int(clicks[code]),
                metrics={
                    name: {metric: float(values[code]) for metric, values in found.items()}
                    for name, found in metrics.items()
                },
                leads={metric: estimate(part) for metric, part in leads.items()},
                calibration=estimate(calibration),
            )


@dataclass(frozen=True)
class SliceEstimates:
    """One slice of one model: its AUC, and the logarithm of its predicted over observed clicks."""

    impressions: int
    auc: Estimate
    log_calibration: Estimate


def slice_estimates(sums: SliceSums, least: int, confidence: float) -> dict[int, SliceEstimates]:
    """By code, the slices of one cut that have `least` impressions or more."""
    shown = sums.means.sum(axis=1)[:, 0]
    parts = _errors(sums.ranking.auc, _auc_influence(sums), sums.means), _log_calibration(sums)

    def estimate(part: _Errors, code: int) -> Estimate:
        value, error, freedom = (float(of_slice[code]) for of_slice in part)
        return Estimate.of(value, error, freedom, confidence)

    return {
        int(code): SliceEstimates(int(shown[code]), *(estimate(part, code) for part in parts))
        for code in np.flatnonzero(shown >= least)
    }


type _Errors = tuple[Float64, Float64, Float64]


def _metrics(sums: SliceSums) -> dict[str, Float64]:
    """SLICE_METRICS of each slice, (values,); NaN where there is no click or nothing else."""
    impressions, clicks, loss, predicted, squares = sums.means.sum(axis=1).T
    with np.errstate(divide="ignore", invalid="ignore"):
        found = {
            "auc": sums.ranking.auc,
            "pr_auc": sums.ranking.pr_auc,
            "logloss": loss / impressions,
            "normalised_entropy": loss / impressions / entropy(clicks / impressions),
            "calibration": predicted / clicks,
            "brier": squares / impressions,
        }
    both = (clicks > 0) & (clicks < impressions)
    return {name: np.where(both, found[name], np.nan) for name in SLICE_METRICS}


def entropy(rate: Float64) -> Float64:
    """Logloss of predicting the click rate itself."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(-(rate * np.log(rate) + (1 - rate) * np.log1p(-rate)))


def _leads(ours: SliceSums, theirs: SliceSums) -> dict[str, _Errors]:
    """LEADS with standard error and degrees of freedom, (values,) each."""
    means = ours.means
    one, other = _auc_influence(ours), _auc_influence(theirs)
    auc = ours.ranking.auc - theirs.ranking.auc
    more_loss = ours.means[..., 2] - theirs.means[..., 2]
    impressions, clicks = means[..., 0].sum(axis=1), means[..., 1].sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        logloss = more_loss.sum(axis=1) / impressions
        per_impression = impressions[:, np.newaxis]
        influence = (more_loss - logloss[:, np.newaxis] * means[..., 0]) / per_impression
        scale = 1 / entropy(clicks / impressions)
    _, error, freedom = _errors(logloss, influence, means)
    return {
        "auc": _errors(auc, one - other, means),
        "logloss": (logloss, error, freedom),
        "normalised_entropy": (logloss * scale, error * scale, freedom),
    }


def _auc_influence(sums: SliceSums) -> Float64:
    """What each group of rows adds to the AUC of each slice, (values, groups)."""
    ranking, clicks = sums.ranking, sums.means[..., 1]
    unclicked = sums.means[..., 0] - clicks
    all_clicks, all_unclicked = (
        part[:, np.newaxis] for part in (ranking.clicks, ranking.unclicked)
    )
    auc = ranking.auc[:, np.newaxis]
    with np.errstate(divide="ignore", invalid="ignore"):
        pairs = ranking.above + clicks * all_unclicked - ranking.below
        influence: Float64 = pairs / (all_clicks * all_unclicked)
        influence -= auc * (clicks / all_clicks + unclicked / all_unclicked)
    return influence


def _log_calibration(sums: SliceSums) -> _Errors:
    clicks, predicted = sums.means[..., 1], sums.means[..., 3]
    all_clicks, all_predicted = (part.sum(axis=1, keepdims=True) for part in (clicks, predicted))
    with np.errstate(divide="ignore", invalid="ignore"):
        influence = predicted / all_predicted - clicks / all_clicks
        return _errors(np.log(all_predicted / all_clicks)[:, 0], influence, sums.means)


def _errors(value: Float64, influence: Float64, means: Float64) -> _Errors:
    """With standard error and degrees of freedom, of which a slice has no more than clicks."""
    impressions, clicks = means[..., 0], means[..., 1].sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = impressions / impressions.sum(axis=1, keepdims=True)
    error, freedom = jackknife(influence, shares)
    return value, error, np.minimum(freedom, clicks - 1)
