"""Champion, challenger and baselines on the same later rows."""

from __future__ import annotations

import numpy as np
from pydantic import BaseModel, ConfigDict

from adclick.arrays import Float64
from adclick.evaluation.cuts import choose_cuts
from adclick.evaluation.estimate import Estimate
from adclick.evaluation.intervals import Figure, intervals, jackknife
from adclick.evaluation.measured import Measured, measure
from adclick.evaluation.options import EvaluationOptions
from adclick.evaluation.rows import Clusters, ScoredRows
from adclick.evaluation.search import Deficit, worst_slices
from adclick.evaluation.slices import SliceFigures, slice_figures

CHALLENGER = "challenger"
CHAMPION = "champion"
# the challenger without its tower
TWIN = "tabular twin"
BOOSTING = "gradient boosting"
LOGISTIC = "logistic regression"
CONSTANT = "constant"
CURVE_BINS = 10
CURVE_POINTS = 64


class RankPoint(BaseModel):
    """Of the impressions with the highest scores: shares of all clicks and of all others.

    `precision` is their click rate. Points from few to all impressions are a ROC curve (fall-out,
    recall) and a precision-recall curve.
    """

    model_config = ConfigDict(frozen=True)

    recall: float
    fall_out: float
    precision: float


class ModelFigures(BaseModel):
    """One model's metrics, and for all but the challenger, challenger minus this model."""

    model_config = ConfigDict(frozen=True)

    name: str
    metrics: dict[str, Figure]
    challenger_minus: dict[str, Figure] | None
    curve: tuple[RankPoint, ...] = ()


class CalibrationBin(BaseModel):
    """A tenth of the impressions in order of score: what was promised and what came.

    The share clicked is sure to lie from `low` to `high`; NaN where there are too few clicks.
    """

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="constants")

    impressions: int
    predicted: float
    observed: float
    low: float
    high: float


class Evaluation(BaseModel):
    """Everything a decision and a report need; `champion_version` is None on a first run.

    Intervals rest on `clusters` of rows that have something in common. Slices compare the
    challenger with the `opponent`: the champion, or the logistic regression where there is none.
    """

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="constants")

    tested_on: str
    impressions: int
    clicks: int
    clusters: int
    clustered_by: Clusters
    confidence: float
    champion_version: str | None
    champion_saw_test: bool
    models: tuple[ModelFigures, ...]
    slices: tuple[SliceFigures, ...]
    calibration_curve: tuple[CalibrationBin, ...]
    worst: tuple[Deficit, ...] = ()

    @property
    def opponent(self) -> str:
        """Who the challenger has to beat."""
        return CHAMPION if self.model(CHAMPION) else LOGISTIC

    def model(self, name: str) -> ModelFigures | None:
        """The figures of a model, if it was evaluated."""
        return next((model for model in self.models if model.name == name), None)


def compare(
    rows: ScoredRows,
    options: EvaluationOptions,
    tested_on: str,
    champion_version: str | None = None,
    champion_saw_test: bool = False,
) -> Evaluation:
    """Metrics with intervals of all models in `rows`, and of the challenger's lead over each.

    Memory does not grow with the rows: they are read once for each model and part by part.
    """
    cuts, crosses = choose_cuts(rows, options.slices)
    divided = [*cuts, *crosses]
    measured = {
        name: measure(rows, name, () if name == CONSTANT else divided) for name in rows.models
    }
    opponent = next((name for name in (CHAMPION, LOGISTIC) if name in measured), None)
    ours = measured[CHALLENGER]
    impressions, clicks, *_ = ours.sums.means.sum(axis=0)
    return Evaluation(
        tested_on=tested_on,
        impressions=int(impressions),
        clicks=int(clicks),
        clusters=rows.clusters,
        clustered_by=rows.clustered_by,
        confidence=options.confidence,
        champion_version=champion_version,
        champion_saw_test=champion_saw_test,
        models=_models(measured, options),
        slices=tuple(
            slice_figures(
                divided,
                {name: found for name, found in measured.items() if name != CONSTANT},
                CHALLENGER,
                opponent,
                options.slices.min_impressions,
                options.confidence,
            )
        ),
        calibration_curve=calibration_curve(ours.sums.bins, options.confidence),
        worst=worst_slices(rows, cuts, CHALLENGER, opponent, options) if opponent else (),
    )


def _models(measured: dict[str, Measured], options: EvaluationOptions) -> tuple[ModelFigures, ...]:
    found = intervals(
        {name: model.sums for name, model in measured.items()},
        {name: model.metrics for name, model in measured.items()},
        CHALLENGER,
        options.resamples,
        options.confidence,
        options.seed,
    )
    return tuple(
        ModelFigures(
            name=name,
            metrics=metrics,
            challenger_minus=None if name == CHALLENGER else leads,
            curve=_curve(measured[name].sums.grid.sum(axis=0)),
        )
        for name, (metrics, leads) in found.items()
    )


def _curve(grid: Float64) -> tuple[RankPoint, ...]:
    clicks, unclicked = np.cumsum(grid, axis=0).T
    if not (clicks[-1] and unclicked[-1]):
        return ()
    # closer where scores are high: that is where the curves bend
    steps = np.linspace(0, 1, CURVE_POINTS + 1)[1:] ** 2
    ends = np.unique(np.ceil(len(grid) * steps).astype(int)) - 1
    return tuple(
        RankPoint(
            recall=float(clicks[end] / clicks[-1]),
            fall_out=float(unclicked[end] / unclicked[-1]),
            precision=float(clicks[end] / (clicks[end] + unclicked[end])),
        )
        for end in ends
        if clicks[end] + unclicked[end]
    )


def calibration_curve(bins: Float64, confidence: float) -> tuple[CalibrationBin, ...]:
    """Bins of CURVE_BINS from finer ones: `bins` (groups, fine, 3) are as in Sums."""
    groups, fine, parts = bins.shape
    tenths = bins.reshape(groups, CURVE_BINS, fine // CURVE_BINS, parts).sum(axis=2)
    return tuple(
        _calibration_bin(tenth, confidence)
        for tenth in np.moveaxis(tenths, 1, 0)
        if tenth[:, 0].sum()
    )


def _calibration_bin(groups: Float64, confidence: float) -> CalibrationBin:
    """A bin of sums (groups, 3) of impressions, clicks and predicted clicks."""
    impressions, clicks, predicted = groups.sum(axis=0)
    observed = clicks / impressions
    influence = (groups[:, 1] - observed * groups[:, 0]) / impressions
    error, freedom = jackknife(influence, groups[:, 0] / impressions)
    sure = Estimate.of(observed, float(error), min(float(freedom), clicks - 1), confidence)
    return CalibrationBin(
        impressions=int(impressions),
        predicted=float(predicted / impressions),
        observed=float(observed),
        # NaN stays: it is not below 0
        low=max(sure.low, 0.0),
        high=sure.high,
    )
