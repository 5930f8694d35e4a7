"""What the rows of a period are like, exactly, in figures that are small enough to keep."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce

from pydantic import BaseModel, ConfigDict

from adclick.monitoring.clicks import Clicks
from adclick.monitoring.distribution import Numbers, Values
from adclick.monitoring.names import HOUR
from adclick.statistics.month import MonthStatistics, NumbersOfColumn, ValuesOfColumn


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
