"""How good a version's scores are on rows whose clicks are known, exact and with errors."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from adclick.adlog import CLICKS, IMPRESSIONS
from adclick.arrays import Float64
from adclick.evaluation.clusters import ClusterCodes
from adclick.evaluation.cuts import choose_cuts
from adclick.evaluation.estimate import Estimate
from adclick.evaluation.intervals import jackknife
from adclick.evaluation.measured import Measured, measure
from adclick.evaluation.measures import measures
from adclick.evaluation.options import SliceOptions
from adclick.evaluation.rows import RowsWriter, ScoredRows, block_of
from adclick.evaluation.slices import slice_estimates
from adclick.evaluation.sums import MEANS, Sums
from adclick.monitoring.ad_clicks import AdClicks, AdCounter
from adclick.monitoring.distribution import Numbers
from adclick.monitoring.draws import effective_draws
from adclick.monitoring.slice_codes import SliceCodes
from adclick.schema import Schema
from adclick.statistics.numbers import merge_numbers, sketch_numbers

MODEL = "served model"
CONFIDENCE = 0.95
TOGETHER = 8
METRICS = ("auc", "logloss", "normalised_entropy", "calibration")

type Score = Callable[[pa.RecordBatch], Float64]


class SlicePerformance(BaseModel):
    """A slice: its AUC, and the logarithm of predicted over observed clicks."""

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="constants")

    column: str
    value: str
    impressions: int
    auc: Estimate
    log_calibration: Estimate


class Performance(BaseModel):
    """Scores of rows with known clicks: METRICS with their errors, slices, and the scores.

    `score` are the scores themselves, and `score_draws` how many independent ones they are worth:
    rows of one ad or of one day are not independent, and errors rest on `clusters` of them. `ads`
    are the clicks by ad, None where the schema has no ads.
    """

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="constants")

    impressions: int
    clicks: int
    clusters: int
    metrics: dict[str, Estimate]
    slices: tuple[SlicePerformance, ...]
    score: Numbers
    score_draws: float
    ads: AdClicks | None = None


def measure_performance(
    batches: Iterable[pa.RecordBatch], score: Score, schema: Schema, slices: SliceCodes, least: int
) -> Performance:
    """How good the scores of an ad log's rows are, with the slices of `least` impressions.

    There is at least one row. Rows wait on disk: memory grows with the ads alone.
    """
    ads = AdCounter() if schema.creative is not None else None
    rows = _score_rows(batches, score, schema, slices, ads)
    return _measure(rows, least, ads.clicks() if ads is not None else None)


def _score_rows(
    batches: Iterable[pa.RecordBatch],
    score: Score,
    schema: Schema,
    slices: SliceCodes,
    ads: AdCounter | None,
) -> ScoredRows:
    clusters = ClusterCodes(schema)
    with RowsWriter() as writer:
        for batch in batches:
            clicks, shown = (
                np.asarray(batch[name].to_numpy(), np.float64) for name in (CLICKS, IMPRESSIONS)
            )
            scores = score(batch)
            codes = clusters.of(batch), slices.of(batch)
            writer.add(block_of(clicks, shown, {MODEL: scores}, *codes))
            if ads is not None:
                ads.add(batch[schema.creative], shown * scores, clicks)
    kind, count = clusters.choose(None)
    return writer.rows((MODEL,), slices.columns, count, kind)


def _measure(rows: ScoredRows, least: int, ads: AdClicks | None) -> Performance:
    # so many quantiles that each range is a slice of its own
    options = SliceOptions(min_impressions=least, quantiles=16)
    cuts, _ = choose_cuts(rows, options)
    measured = measure(rows, MODEL, cuts)
    score = _scores(rows)
    impressions, clicks, *_ = measured.sums.means.sum(axis=0)
    by_group = measured.sums.means[:, [MEANS.index("impressions"), MEANS.index("predicted")]]
    return Performance(
        impressions=int(impressions),
        clicks=int(clicks),
        clusters=rows.clusters,
        metrics=_metrics(measured),
        slices=tuple(
            SlicePerformance(
                column=cut.name,
                value=cut.values[code],
                impressions=found.impressions,
                auc=found.auc,
                log_calibration=found.log_calibration,
            )
            for number, cut in enumerate(cuts)
            for code, found in slice_estimates(measured.slices[number], least, CONFIDENCE).items()
        ),
        score=score,
        score_draws=effective_draws(by_group[by_group[:, 0] > 0], score.deviation),
        ads=ads,
    )


def _metrics(measured: Measured) -> dict[str, Estimate]:
    """Values are exact, errors those of the jackknife over groups of whole clusters."""
    sums: Sums = measured.sums
    found = measures(sums, np.ones((1, len(sums.means))))
    shares = sums.means[:, 0] / sums.means[:, 0].sum()
    clicks = float(sums.means[:, 1].sum())
    exact, estimates = measured.metrics, {}
    for name in METRICS:
        error, freedom = jackknife(found[name].influence[0], shares)
        value, freest = exact[name], min(float(freedom), clicks - 1)
        estimates[name] = Estimate.of(value, float(error), freest, CONFIDENCE)
    return estimates


def _scores(rows: ScoredRows) -> Numbers:
    sketches = []
    for block in rows.blocks():
        sketches.append(sketch_numbers(block.score(MODEL), block.impressions))
        if len(sketches) == TOGETHER:
            sketches = [merge_numbers(sketches)]
    return Numbers.of(merge_numbers(sketches))
