"""From the rows of a month to its statistics."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from adclick.adlog import AdLog, Month
from adclick.arrays import Int64
from adclick.errors import AdclickError
from adclick.statistics.effective import effective_count
from adclick.statistics.histogram import ZERO, bucket_of_quantiles, bucket_values
from adclick.statistics.month import QUANTILES, MonthStatistics, NumbersOfColumn, ValuesOfColumn
from adclick.statistics.numbers import NumberSketch
from adclick.statistics.sketch import MonthSketch, sketch_month, sketched_columns
from adclick.statistics.values import ValueSketch

MOST_VALUES = 1_000


def describe_month(log: AdLog, month: str) -> MonthStatistics:
    """A month's statistics, from one pass over its rows in flat memory.

    Depends on the log and the month alone, so months may be described apart and in any order.
    Raises AdclickError when the log has no such month.
    """
    counted = next((one for one in log.months if one.month == month), None)
    if counted is None:
        raise AdclickError(f"the log has no month {month}, but {', '.join(log.month_names)}")
    batches = log.batches(log.everything(month), sketched_columns(log.ad_schema), coded=True)
    return summarize(sketch_month(batches, log.ad_schema, month), counted, log.ad_schema.creative)


def summarize(sketch: MonthSketch, month: Month, creative: str | None) -> MonthStatistics:
    """The figures to keep of a sketch of all of the month's rows."""
    impressions, clicks = sketch.impressions.reshape(31, 24), sketch.clicks.reshape(31, 24)
    return MonthStatistics(
        month=month.month,
        rows=month.rows_kept,
        rows_quarantined=month.rows_quarantined,
        reasons=month.reasons,
        impressions=int(impressions.sum()),
        clicks=int(clicks.sum()),
        effective_rows=float(impressions.sum()) ** 2 / sketch.squares,
        effective_creatives=_effective(sketch.values[creative]) if creative else None,
        impressions_by_day=_whole(impressions.sum(axis=1)),
        clicks_by_day=_whole(clicks.sum(axis=1)),
        impressions_by_hour=_whole(impressions.sum(axis=0)),
        clicks_by_hour=_whole(clicks.sum(axis=0)),
        creative=creative,
        of_creative=tuple(
            name for name in (*sketch.values, *sketch.numbers) if name not in sketch.varying
        ),
        undeclared_columns=month.undeclared_columns,
        text={name: _values(values, name, month) for name, values in sketch.values.items()},
        numeric={name: _numbers(numbers, name, month) for name, numbers in sketch.numbers.items()},
    )


def _effective(creatives: ValueSketch) -> float:
    counts = creatives.counts["impressions"].to_numpy().astype(np.float64)
    return effective_count(counts)


def _values(sketch: ValueSketch, name: str, month: Month) -> ValuesOfColumn:
    top: pa.Table = sketch.top(MOST_VALUES)
    return ValuesOfColumn(
        missing=_missing(name, month),
        defaults=month.defaults.get(name, 0),
        distinct=sketch.distinct,
        undercount=sketch.undercount,
        values=top["value"].to_pylist(),
        impressions=top["impressions"].to_pylist(),
        clicks=top["clicks"].to_pylist(),
    )


def _numbers(sketch: NumberSketch, name: str, month: Month) -> NumbersOfColumn:
    quantiles = bucket_values(bucket_of_quantiles(sketch.buckets, np.array(QUANTILES)))
    filled = np.flatnonzero(sketch.buckets)
    return NumbersOfColumn(
        missing=_missing(name, month),
        defaults=month.defaults.get(name, 0),
        least=sketch.least,
        most=sketch.most,
        mean=sketch.mean,
        deviation=sketch.deviation,
        zeros=int(sketch.buckets[ZERO]),
        quantiles=tuple(np.clip(quantiles, sketch.least, sketch.most).tolist()),
        buckets=_whole(filled),
        counts=_whole(sketch.buckets[filled]),
    )


def _missing(name: str, month: Month) -> int:
    return month.defaults.get(name, 0) + month.reasons.get(f"{name}: empty", 0)


def _whole(numbers: Int64) -> tuple[int, ...]:
    return tuple(numbers.tolist())
