"""What Evidently shows of a sample: distributions, summaries, quality where labels are in.

Importing this module imports Evidently, 6 to 8 seconds: do it in a function that reports.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from evidently import BinaryClassification, DataDefinition, Dataset, Report
from evidently.core.metric_types import MetricResult
from evidently.core.report import Snapshot
from evidently.metrics import RocAuc, ValueDrift
from evidently.presets import ClassificationQuality, ValueStats

from adclick.monitoring.names import CLICKED, SCORE
from adclick.monitoring.samples import Samples

# of a side: with fewer a curve is a few steps
FEWEST_CLICKS = 10


@dataclass(frozen=True)
class Sampled:
    """Evidently's results on a sample by metric id, and what there is to see of them.

    `distributions` are those of columns on both sides, large; `summary` has the statistics of all
    columns one by one, and `quality` is that of the scores: empty where too few labels are in.
    """

    results: Mapping[str, MetricResult]
    distributions: Mapping[str, Any]
    summary: Sequence[Any]
    quality: Sequence[Any]


def look_at(samples: Samples, methods: Mapping[str, str], farthest: Sequence[str]) -> Sampled:
    """What Evidently finds in the columns of `methods`, which names the distance of each.

    The columns in `farthest` are drawn large. These are the metrics of DataDriftPreset,
    DataSummaryPreset and ClassificationPreset without the presets' tables, which compute every
    distance again and draw every plot twice.
    """
    stats = [ValueStats(column=column) for column in methods]
    summary = _run(stats, samples.current, samples.reference)
    quality = _quality(samples)
    return Sampled(
        results={**summary.metric_results, **(quality.metric_results if quality else {})},
        distributions=_distributions(samples, {column: methods[column] for column in farthest}),
        summary=summary.to_snapshot_model().widgets,
        quality=quality.to_snapshot_model().widgets if quality else [],
    )


def _distributions(samples: Samples, methods: Mapping[str, str]) -> Mapping[str, Any]:
    """Pictures alone: Evidently's verdict knows neither our bounds nor what chance does."""
    drifts = {column: ValueDrift(column=column, method=way) for column, way in methods.items()}
    run = _run([*drifts.values()], samples.current, samples.reference)
    widgets = {
        column: run.metric_results[metric.metric_id].get_widgets()
        for column, metric in drifts.items()
    }
    # a number's first tab is its mean by row number, which says nothing of a sample
    return {
        column: next(widget for widget in shown if widget.type == "tabs").tabs[-1].widget
        for column, shown in widgets.items()
    }


def _quality(samples: Samples) -> Snapshot | None:
    """Quality of the scores of rows whose label is known, on both sides."""
    if CLICKED not in samples.current or SCORE not in samples.current:
        return None
    sides = [
        side[[CLICKED, SCORE]].dropna().astype({CLICKED: int})
        for side in (samples.current, samples.reference)
    ]
    clicks = [int(side[CLICKED].sum()) for side in sides]
    if any(min(n, len(side) - n) < FEWEST_CLICKS for n, side in zip(clicks, sides, strict=True)):
        return None
    # at .5 nearly no ad would be clicked
    threshold = float(sides[1][CLICKED].mean())
    metrics = [ClassificationQuality(probas_threshold=threshold), RocAuc()]
    return _run(metrics, sides[0], sides[1], classified=True)


def _run(
    metrics: Sequence[Any],
    current: pd.DataFrame,
    reference: pd.DataFrame,
    classified: bool = False,
) -> Snapshot:
    numeric = [*current.select_dtypes("number")]
    clicks = BinaryClassification(target=CLICKED, prediction_probas=SCORE)
    definition = DataDefinition(
        categorical_columns=[column for column in current if column not in numeric],
        numerical_columns=[column for column in numeric if column != CLICKED],
        classification=[clicks] if classified else None,
    )
    sides = [Dataset.from_pandas(side, data_definition=definition) for side in (current, reference)]
    return Report(list(metrics), include_tests=False).run(*sides)
