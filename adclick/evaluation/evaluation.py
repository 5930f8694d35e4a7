"""Champion, challenger and baselines on the same later rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from adclick.arrays import Array, Float64
from adclick.evaluation.intervals import Figure, Samples, figures, resampled_metrics
from adclick.evaluation.metrics import Scored, equal_bins, metrics, tied

CHALLENGER = "challenger"
CHAMPION = "champion"
LOGISTIC = "logistic regression"
CONSTANT = "constant"
CURVE_BINS = 10


class EvaluationOptions(BaseModel):
    """How finely and how surely models are judged."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    resamples: int = Field(default=200, ge=20)
    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    max_slice_values: int = Field(default=8, ge=0)
    min_slice_impressions: int = Field(default=500, ge=1)
    seed: int = 1


class ModelFigures(BaseModel):
    """One model's metrics, and for all but the challenger, challenger minus this model."""

    model_config = ConfigDict(frozen=True)

    name: str
    metrics: dict[str, Figure]
    challenger_minus: dict[str, Figure] | None


class SliceFigures(BaseModel):
    """Metrics by model name of the impressions that share a value; without intervals."""

    model_config = ConfigDict(frozen=True)

    column: str
    value: str
    impressions: int
    clicks: int
    metrics: dict[str, dict[str, float]]


class CalibrationBin(BaseModel):
    """A tenth of the impressions in order of score: what was promised and what came."""

    model_config = ConfigDict(frozen=True)

    impressions: int
    predicted: float
    observed: float


class Evaluation(BaseModel):
    """Everything a decision and a report need; `champion_version` is None on a first run."""

    model_config = ConfigDict(frozen=True)

    tested_on: str
    impressions: int
    clicks: int
    confidence: float
    champion_version: str | None
    champion_saw_test: bool
    models: tuple[ModelFigures, ...]
    slices: tuple[SliceFigures, ...]
    calibration_curve: tuple[CalibrationBin, ...]

    def model(self, name: str) -> ModelFigures | None:
        """The figures of a model, if it was evaluated."""
        return next((model for model in self.models if model.name == name), None)


@dataclass(frozen=True)
class ScoredRows:
    """Test rows in memory: outcomes (n,), scores (n,) by model, and what slices divide them by.

    `clusters` (n,) are rows that are not independent; None where each impression is.
    """

    clicks: Float64
    impressions: Float64
    scores: Mapping[str, Float64]
    clusters: Array | None
    slice_columns: Mapping[str, pa.Array]

    def scored(self, name: str) -> Scored:
        """The rows with one model's scores."""
        return Scored(self.clicks, self.impressions, self.scores[name])


def compare(
    rows: ScoredRows,
    options: EvaluationOptions,
    tested_on: str,
    champion_version: str | None = None,
    champion_saw_test: bool = False,
) -> Evaluation:
    """Metrics with intervals of all models in `rows`, and of the challenger's lead over each."""
    values = {name: metrics(rows.scored(name).by_score()[0]) for name in rows.scores}
    samples = {
        name: resampled_metrics(rows.scored(name), rows.clusters, options.resamples, options.seed)
        for name in rows.scores
    }
    return Evaluation(
        tested_on=tested_on,
        impressions=int(rows.impressions.sum()),
        clicks=int(rows.clicks.sum()),
        confidence=options.confidence,
        champion_version=champion_version,
        champion_saw_test=champion_saw_test,
        models=tuple(
            ModelFigures(
                name=name,
                metrics=figures(values[name], samples[name], options.confidence),
                challenger_minus=_lead(name, values, samples, options.confidence),
            )
            for name in rows.scores
        ),
        slices=_slices(rows, options),
        calibration_curve=_calibration_curve(rows.scored(CHALLENGER)),
    )


def _lead(
    name: str,
    values: Mapping[str, Mapping[str, float]],
    samples: Mapping[str, Samples],
    confidence: float,
) -> dict[str, Figure] | None:
    if name == CHALLENGER:
        return None
    ours, theirs = values[CHALLENGER], values[name]
    paired = {metric: samples[CHALLENGER][metric] - samples[name][metric] for metric in ours}
    return figures({metric: ours[metric] - theirs[metric] for metric in ours}, paired, confidence)


def _slices(rows: ScoredRows, options: EvaluationOptions) -> tuple[SliceFigures, ...]:
    found = []
    for column, values in rows.slice_columns.items():
        codes = values.dictionary_encode()
        if len(codes.dictionary) > options.max_slice_values:
            continue
        for code, value in enumerate(codes.dictionary.to_pylist()):
            here = np.asarray(codes.indices) == code
            if rows.impressions[here].sum() < options.min_slice_impressions:
                continue
            found.append(
                SliceFigures(
                    column=column,
                    value=str(value),
                    impressions=int(rows.impressions[here].sum()),
                    clicks=int(rows.clicks[here].sum()),
                    metrics={
                        name: metrics(rows.scored(name).where(here).by_score()[0])
                        for name in rows.scores
                        if name != CONSTANT
                    },
                )
            )
    return tuple(found)


def _calibration_curve(rows: Scored) -> tuple[CalibrationBin, ...]:
    ordered = tied(rows.by_score()[0])
    bins = equal_bins(ordered.impressions, CURVE_BINS)
    shown = np.bincount(bins, ordered.impressions, CURVE_BINS)
    predicted = np.bincount(bins, ordered.impressions * ordered.score, CURVE_BINS)
    clicks = np.bincount(bins, ordered.clicks, CURVE_BINS)
    return tuple(
        CalibrationBin(impressions=int(n), predicted=float(p / n), observed=float(c / n))
        for n, p, c in zip(shown, predicted, clicks, strict=True)
        if n
    )
