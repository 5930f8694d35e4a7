"""What a month of a log is like, in figures that are small enough to keep."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class ValuesOfColumn(BaseModel):
    """A text column: `values` by impressions, most first, with their impressions and clicks.

    Where there are more values than are listed, `distinct` says how many. `undercount` is how many
    impressions a listed value may be too low by, 0 where counts are exact, and then so is
    `distinct`. `defaults` are the kept rows whose empty cell a declared default stands in for,
    `missing` those and the rows in quarantine because the cell was empty.
    """

    model_config = ConfigDict(frozen=True)

    missing: int
    defaults: int
    distinct: int
    undercount: int
    values: tuple[str, ...]
    impressions: tuple[int, ...]
    clicks: tuple[int, ...]


class NumbersOfColumn(BaseModel):
    """A numeric column, weighted by impressions; `missing` and `defaults` as in ValuesOfColumn.

    `quantiles` are those of QUANTILES, within 1/64 of the value, exact for whole numbers to 128.
    `counts` are the impressions in each of the `buckets` of `adclick.statistics.histogram` that
    holds any, in ascending order. `zeros` are the impressions whose number is 0.
    """

    model_config = ConfigDict(frozen=True)

    missing: int
    defaults: int
    least: float
    most: float
    mean: float
    deviation: float
    zeros: int
    quantiles: tuple[float, ...]
    buckets: tuple[int, ...]
    counts: tuple[int, ...]


QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
type ColumnStatistics = ValuesOfColumn | NumbersOfColumn


class MonthStatistics(BaseModel):
    """One month: counts, rows by time, and each column's distribution over impressions.

    `effective_rows` is the number of equally weighted rows that say as much as these do:
    (sum of impressions)^2 / sum of squared impressions (Kish, Survey Sampling, 1965); it is
    `rows` where a row is one impression. `effective_creatives` is the same of impressions by
    creative, None where the log has no creatives; `of_creative` are columns that describe the ad:
    all its rows have one value. `undeclared_columns` are in the files but not in the schema.
    Impressions and clicks are by day from the month's first (31) and
    by hour of the day in UTC (24). `text` holds creative and categorical columns.
    """

    model_config = ConfigDict(frozen=True)

    month: str
    rows: int
    rows_quarantined: int
    reasons: dict[str, int]
    impressions: int
    clicks: int
    effective_rows: float
    effective_creatives: float | None
    impressions_by_day: tuple[int, ...]
    clicks_by_day: tuple[int, ...]
    impressions_by_hour: tuple[int, ...]
    clicks_by_hour: tuple[int, ...]
    creative: str | None
    of_creative: tuple[str, ...]
    undeclared_columns: tuple[str, ...] = ()
    text: dict[str, ValuesOfColumn]
    numeric: dict[str, NumbersOfColumn]

    @property
    def rows_in(self) -> int:
        """Rows that the source files held."""
        return self.rows + self.rows_quarantined

    @property
    def bad_share(self) -> float:
        """Share of the source's rows that went to quarantine."""
        return self.rows_quarantined / self.rows_in

    @property
    def click_rate(self) -> float:
        """Clicks per impression."""
        return self.clicks / self.impressions

    def independent(self, column: str) -> float:
        """How many independent draws of the column the month's rows are worth.

        Rows of one ad have one advertiser: such a column is drawn once an ad, so that a month with
        few ads differs from the next by chance, however many rows it has.
        """
        if self.effective_creatives is None or column not in self.of_creative:
            return self.effective_rows
        return min(self.effective_rows, self.effective_creatives)

    @property
    def columns(self) -> dict[str, ColumnStatistics]:
        """All columns by name."""
        return {**self.text, **self.numeric}
