"""What the rows of a period are like, exactly, in figures that are small enough to keep."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, reduce
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel, ConfigDict

from adclick.arrays import Float64
from adclick.monitoring.names import HOUR
from adclick.statistics.histogram import bucket_values
from adclick.statistics.month import MonthStatistics, NumbersOfColumn, ValuesOfColumn
from adclick.statistics.numbers import NumberSketch
from adclick.statistics.values import ValueSketch

MOST_VALUES = 1_000


class Values(BaseModel):
    """A text column: impressions by value, and the values that are not listed, if there are any.

    `counts` lists the most frequent values, `others` are the impressions of all others together and
    `distinct` says how many values there are in all.
    """

    model_config = ConfigDict(frozen=True)

    counts: dict[str, int]
    others: int = 0
    distinct: int

    @cached_property
    def total(self) -> int:
        """Impressions with a value."""
        return sum(self.counts.values()) + self.others

    @property
    def effective(self) -> float:
        """How many values of equal frequency say as much: 1 / sum(shares^2) (Kish, 1965)."""
        counts = np.fromiter(self.counts.values(), np.float64, len(self.counts))
        unlisted = max(self.distinct - len(counts), 1)
        return float(self.total**2 / (counts @ counts + self.others**2 / unlisted))

    def __add__(self, other: Values) -> Values:
        counts = dict(Counter(self.counts) + Counter(other.counts))
        unlisted = max(self.distinct - len(self.counts), other.distinct - len(other.counts))
        return Values(
            counts=counts, others=self.others + other.others, distinct=len(counts) + unlisted
        )

    @classmethod
    def of(cls, sketch: ValueSketch) -> Self:
        """The most frequent values of a sketch."""
        top: pa.Table = sketch.top(MOST_VALUES)
        counts = dict(zip(top["value"].to_pylist(), top["impressions"].to_pylist(), strict=True))
        total = pc.sum(sketch.counts["impressions"]).as_py()
        return cls(counts=counts, others=total - sum(counts.values()), distinct=sketch.distinct)


class Numbers(BaseModel):
    """A numeric column over impressions; `counts` by bucket of `adclick.statistics.histogram`.

    Numbers of one bucket differ by less than 1/64 of their value; mean and deviation are exact.
    """

    model_config = ConfigDict(frozen=True)

    mean: float
    deviation: float
    counts: dict[int, int]

    @cached_property
    def total(self) -> int:
        """Impressions with a number."""
        return sum(self.counts.values())

    @cached_property
    def cells(self) -> tuple[Float64, Float64]:
        """The buckets' numbers in rising order and their impressions, float64 (k,) each."""
        buckets = np.fromiter(self.counts, np.int64, len(self.counts))
        shown = np.fromiter(self.counts.values(), np.float64, len(self.counts))
        order = np.argsort(buckets)
        return bucket_values(buckets[order]), shown[order]

    def __add__(self, other: Numbers) -> Numbers:
        """Source of the deviation: Chan, Golub and LeVeque, 1979."""
        total = self.total + other.total
        share = other.total / total
        apart = (other.mean - self.mean) ** 2 * share * (1 - share)
        squares = self.deviation**2 * (1 - share) + other.deviation**2 * share + apart
        return Numbers(
            mean=self.mean + (other.mean - self.mean) * share,
            deviation=squares**0.5,
            counts=dict(Counter(self.counts) + Counter(other.counts)),
        )

    @classmethod
    def of(cls, sketch: NumberSketch) -> Self:
        """The figures of a sketch."""
        filled = np.flatnonzero(sketch.buckets)
        counts = dict(zip(filled.tolist(), sketch.buckets[filled].tolist(), strict=True))
        return cls(mean=sketch.mean, deviation=sketch.deviation, counts=counts)


class Clicks(BaseModel):
    """What was clicked: by creative (the most shown ones) as impressions and clicks, and by day.

    `days` are impressions and clicks of each day since the period began, in order.
    """

    model_config = ConfigDict(frozen=True)

    impressions: int
    clicks: int
    creatives: dict[str, tuple[int, int]]
    days: tuple[tuple[int, int], ...]

    @property
    def totals(self) -> tuple[int, int]:
        """All impressions and clicks."""
        return self.impressions, self.clicks

    @property
    def rate(self) -> float:
        """Clicks per impression."""
        return self.clicks / self.impressions

    def __add__(self, other: Clicks) -> Clicks:
        creatives = dict(self.creatives)
        for name, (shown, clicked) in other.creatives.items():
            before = creatives.get(name, (0, 0))
            creatives[name] = before[0] + shown, before[1] + clicked
        return Clicks(
            impressions=self.impressions + other.impressions,
            clicks=self.clicks + other.clicks,
            creatives=creatives,
            days=self.days + other.days,
        )


class Profile(BaseModel):
    """The rows of a period: each column's distribution over impressions, exact whatever their size.

    `rows` count those in quarantine, too. `effective_rows` is how many independent rows say as
    much. Columns `of_creative` describe the ad: they are drawn once an ad, not once a row. `draws`
    says of others how many independent draws they are worth, where that is not so many. `missing`
    is the share of empty cells by column, `clicks` is None where labels are not in.
    """

    model_config = ConfigDict(frozen=True)

    period: str
    rows: int
    impressions: int
    effective_rows: float
    of_creative: tuple[str, ...]
    creatives: Values | None
    missing: dict[str, float]
    values: dict[str, Values]
    numbers: dict[str, Numbers]
    clicks: Clicks | None
    draws: dict[str, float] = {}

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that have a value in some row."""
        return (*self.values, *self.numbers)

    def independent(self, column: str) -> float:
        """How many independent draws of the column the rows are worth."""
        if column in self.draws:
            return self.draws[column]
        if self.creatives is None or column not in self.of_creative:
            return self.effective_rows
        return min(self.effective_rows, self.creatives.effective)

    def __add__(self, other: Profile) -> Profile:
        """The profile of both periods' rows together."""
        rows = self.rows + other.rows
        names = {*self.missing, *other.missing}
        shares = self.rows / rows, other.rows / rows
        return Profile(
            period=f"{self.period.split(' ')[0]} to {other.period.split(' ')[-1]}",
            rows=rows,
            impressions=self.impressions + other.impressions,
            effective_rows=self.effective_rows + other.effective_rows,
            of_creative=tuple(sorted({*self.of_creative} & {*other.of_creative})),
            creatives=_added(self.creatives, other.creatives),
            missing={
                name: self.missing.get(name, 0) * shares[0] + other.missing.get(name, 0) * shares[1]
                for name in sorted(names)
            },
            values=_merged(self.values, other.values),
            numbers=_merged(self.numbers, other.numbers),
            clicks=_added(self.clicks, other.clicks),
            draws={
                name: self.draws[name] + other.draws[name]
                for name in sorted(self.draws.keys() & other.draws.keys())
            },
        )


def merged(profiles: Sequence[Profile]) -> Profile:
    """The profile of all periods' rows together; of one at least."""
    return reduce(lambda one, other: one + other, profiles)


def month_profile(month: MonthStatistics) -> Profile:
    """The profile of a month of a log, from its statistics."""
    creatives = month.text[month.creative] if month.creative else None
    values = {name: _values(text, month) for name, text in month.text.items()}
    hours = {f"{hour:02d}": shown for hour, shown in enumerate(month.impressions_by_hour) if shown}
    of_creatives = values.pop(month.creative) if month.creative else None
    return Profile(
        period=month.month,
        rows=month.rows_in,
        impressions=month.impressions,
        effective_rows=month.effective_rows,
        of_creative=tuple(name for name in month.of_creative if name != month.creative),
        creatives=of_creatives,
        missing={
            name: column.missing / month.rows_in
            for name, column in month.columns.items()
            if name != month.creative
        },
        values={**values, HOUR: Values(counts=hours, distinct=len(hours))},
        numbers={name: _numbers(number) for name, number in month.numeric.items()},
        clicks=Clicks(
            impressions=month.impressions,
            clicks=month.clicks,
            creatives=_clicked(creatives) if creatives else {},
            days=tuple(
                (shown, clicked)
                for shown, clicked in zip(
                    month.impressions_by_day, month.clicks_by_day, strict=True
                )
                if shown
            ),
        ),
    )


def _values(column: ValuesOfColumn, month: MonthStatistics) -> Values:
    counts = dict(zip(column.values, column.impressions, strict=True))
    others = max(month.impressions - sum(counts.values()), 0)
    return Values(counts=counts, others=others, distinct=max(column.distinct, len(counts)))


def _numbers(column: NumbersOfColumn) -> Numbers:
    return Numbers(
        mean=column.mean,
        deviation=column.deviation,
        counts=dict(zip(column.buckets, column.counts, strict=True)),
    )


def _clicked(creatives: ValuesOfColumn) -> dict[str, tuple[int, int]]:
    pairs = zip(creatives.impressions, creatives.clicks, strict=True)
    return dict(zip(creatives.values, pairs, strict=True))


def _added[T: (Values, Clicks)](one: T | None, other: T | None) -> T | None:
    return one + other if one is not None and other is not None else None


def _merged[T: (Values, Numbers)](one: Mapping[str, T], other: Mapping[str, T]) -> dict[str, T]:
    found = dict(one)
    for name, column in other.items():
        found[name] = found[name] + column if name in found else column
    return found


def by_period(profiles: Iterable[Profile]) -> tuple[Profile, ...]:
    """The profiles in the order of their time."""
    return tuple(sorted(profiles, key=lambda profile: profile.period))
