"""Tables of a log's columns: one row each, with a drawing of every month's distribution."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from adclick.arrays import Float64
from adclick.statistics.distance import value_shares
from adclick.statistics.histogram import bucket_values
from adclick.statistics.month import (
    QUANTILES,
    MonthStatistics,
    NumbersOfColumn,
)
from adclick.views.html import table
from adclick.views.sparklines import BARS, month_bars
from adclick.views.text import count, percent, shortened, significant

MOST_COLUMNS = 40
NAMED = 3
LONG_TAIL = 20


def text_table(months: Sequence[MonthStatistics], names: Sequence[str]) -> Markup:
    """Text columns: the newest month's most frequent values, and their shares in every month."""
    heads = ("column", "most frequent: share, click rate", "distinct", "missing", *_heads(months))
    rows = [_text_row(months, name) for name in names]
    return table(heads, rows, text_columns=2, most=MOST_COLUMNS)


def number_table(months: Sequence[MonthStatistics], names: Sequence[str]) -> Markup:
    """Numeric columns: the newest month's quantiles, and every month's histogram."""
    heads = ("column", "mean", "5 %", "median", "95 %", "zero", "missing", *_heads(months))
    rows = [_number_row(months, name) for name in names]
    return table(heads, rows, most=MOST_COLUMNS)


def _heads(months: Sequence[MonthStatistics]) -> tuple[str, ...]:
    return tuple(Markup('<span class="unbroken">{}</span>').format(month.month) for month in months)


def _text_row(months: Sequence[MonthStatistics], name: str) -> tuple[str, ...]:
    newest = months[-1].text[name]
    exact = "" if newest.undercount == 0 else "about "
    return (
        shortened(name, 40),
        _most_frequent(months[-1], name),
        exact + count(newest.distinct),
        _missing(months, name),
        *_drawings(months, _shares(months, name)),
    )


def _shares(months: Sequence[MonthStatistics], name: str) -> list[list[float]]:
    """Each month's shares of the values that are the most frequent in all of them together."""
    by_month = [value_shares(month.text[name], month.impressions) for month in months]
    total: Counter[str] = Counter()
    for shares in by_month:
        total.update(shares)
    drawn = [value for value, _ in total.most_common(BARS)]
    return [[shares.get(value, 0.0) for value in drawn] for shares in by_month]


def _most_frequent(month: MonthStatistics, name: str) -> Markup:
    column = month.text[name]
    counted = zip(column.values, column.impressions, column.clicks, strict=True)
    lines = [
        Markup('{} <span class="interval unbroken">{}, {}</span>').format(
            shortened(value, 28), percent(shown / month.impressions), percent(clicked / shown)
        )
        for value, shown, clicked in list(counted)[:NAMED]
    ]
    return Markup("<br>").join(lines)


def _number_row(months: Sequence[MonthStatistics], name: str) -> tuple[str, ...]:
    newest = months[-1].numeric[name]
    quantiles = dict(zip(QUANTILES, newest.quantiles, strict=True))
    columns = [month.numeric[name] for month in months]
    return (
        shortened(name, 40),
        significant(newest.mean),
        *(significant(quantiles[share]) for share in (0.05, 0.5, 0.95)),
        percent(newest.zeros / months[-1].impressions),
        _missing(months, name),
        *_drawings(months, _histograms(columns)),
    )


def _missing(months: Sequence[MonthStatistics], name: str) -> Markup:
    shares = [month.columns[name].missing / month.rows_in for month in months[-2:]]
    if not any(shares):
        return Markup("none")
    before = Markup('<br><span class="interval">after {}</span>').format(percent(shares[0]))
    return Markup("{}{}").format(percent(shares[-1]), before if len(shares) > 1 else "")


def _drawings(
    months: Sequence[MonthStatistics], distributions: Sequence[Sequence[float]]
) -> list[Markup]:
    most = max(max(shares) for shares in distributions) or 1.0
    return [
        month_bars(month.month, shares, most)
        for month, shares in zip(months, distributions, strict=True)
    ]


def _histograms(columns: Sequence[NumbersOfColumn]) -> list[list[float]]:
    """Shares of impressions in equal bins between the months' lowest and highest percent.

    The bins are of log(1 + value) where the highest are far beyond the median.
    """
    low = min(column.quantiles[0] for column in columns)
    high = max(column.quantiles[-1] for column in columns)
    median = columns[-1].quantiles[len(QUANTILES) // 2]
    logarithmic = low >= 0 and high > LONG_TAIL * max(median, 0.05 * high / LONG_TAIL)

    def scaled(values: Float64) -> Float64:
        return np.log1p(values) if logarithmic else values

    ends = scaled(np.array([low, high]))
    edges = np.linspace(ends[0], ends[1] + max(1e-9, 1e-9 * abs(ends[1])), BARS + 1)
    shares = []
    for column in columns:
        values = np.clip(scaled(bucket_values(np.array(column.buckets))), edges[0], edges[-1])
        counts, _ = np.histogram(values, edges, weights=column.counts)
        shares.append((counts / counts.sum()).tolist())
    return shares
