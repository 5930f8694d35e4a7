"""How far a column's distribution lies from that of another month."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import jensenshannon

from adclick.arrays import Float64
from adclick.statistics.chance import divergence_by_chance
from adclick.statistics.month import MonthStatistics, NumbersOfColumn, ValuesOfColumn

HEAD = 100
DECILES = np.arange(1, 10) / 10


@dataclass(frozen=True)
class Distance:
    """Jensen-Shannon distance of two distributions, 0 to 1, and the one that chance may give."""

    value: float
    by_chance: float


def column_distance(before: MonthStatistics, after: MonthStatistics, name: str) -> Distance:
    """How far the column's distribution of impressions moved between two months.

    Of a text column it compares the shares of the HEAD most frequent values before and of all
    others together, of a numeric one the shares between the deciles before. Source: Endres and
    Schindelin, A new metric for probability distributions, 2003.
    """
    if name in before.text:
        counts = _values(before, after, name)
    else:
        counts = _numbers(before.numeric[name], after.numeric[name])
    cells = int((counts.sum(axis=0) > 0).sum())
    if cells < 2:
        return Distance(0.0, 0.0)
    value = float(np.nan_to_num(jensenshannon(*counts, base=2)))
    chance = divergence_by_chance(cells, before.independent(name), after.independent(name))
    return Distance(value, math.sqrt(chance))


def value_shares(column: ValuesOfColumn, impressions: int) -> dict[str, float]:
    """Share of a month's impressions by listed value."""
    return {
        value: count / impressions
        for value, count in zip(column.values, column.impressions, strict=True)
    }


def _values(before: MonthStatistics, after: MonthStatistics, name: str) -> Float64:
    head = before.text[name].values[:HEAD]
    rows = []
    for month in (before, after):
        shares = value_shares(month.text[name], month.impressions)
        listed = [shares.get(value, 0.0) for value in head]
        rows.append([*listed, max(0.0, 1 - sum(listed))])
    return np.round(rows, 12)


def _numbers(before: NumbersOfColumn, after: NumbersOfColumn) -> Float64:
    counts = np.cumsum(before.counts)
    edges = np.unique(np.asarray(before.buckets)[np.searchsorted(counts, DECILES * counts[-1])])
    return np.array(
        [
            np.bincount(np.searchsorted(edges, one.buckets), one.counts, len(edges) + 1)
            for one in (before, after)
        ]
    )
