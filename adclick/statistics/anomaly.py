"""Something unusual about a month, and from where on it is unusual."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

type Check = Literal[
    "clicks",
    "quarantine",
    "reason",
    "gap",
    "click rate",
    "impressions",
    "missing",
    "vanished column",
    "undeclared columns",
    "new values",
    "vanished values",
    "distribution",
]


class Anomaly(BaseModel):
    """What is unusual about a month, or about a column of it, with figures and bounds.

    Errors stop a run, warnings do not.
    """

    model_config = ConfigDict(frozen=True)

    severity: Literal["error", "warning"]
    month: str
    check: Check
    column: str | None
    what: str

    @property
    def line(self) -> str:
        """The anomaly with its place, for a terminal."""
        place = f"month {self.month}" + (f", column {self.column}" if self.column else "")
        return f"{place}: {self.what}"


class AnomalyOptions(BaseModel):
    """How far a month may lie from the one before it without being an anomaly.

    All bounds are sizes of a change: more rows never make an anomaly of a change within its bound.
    One beyond it counts unless chance may have made it, which is so in months of few rows.

    `click_rate_factor` and `impressions_factor` bound the ratio of both months, up or down;
    `missing_rise` and `reason_rise` how much a column's share of empty cells, or a reason's share
    of quarantined rows, may rise. `new_share` and `vanished_share` bound the share of impressions
    of values that the other month does not have, in columns of at most `few_values` values: in
    larger ones values come and go. `distance` bounds the Jensen-Shannon distance (0 to 1) of a
    column's distributions; 0.2 is about a population stability index of 0.23. New values, vanished
    values and distance must also be more than `times_usual` times their median in earlier months.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    click_rate_factor: float = Field(default=1.5, gt=1)
    impressions_factor: float = Field(default=2.0, gt=1)
    missing_rise: float = Field(default=0.05, gt=0, lt=1)
    reason_rise: float = Field(default=0.005, gt=0, lt=1)
    new_share: float = Field(default=0.05, gt=0, lt=1)
    vanished_share: float = Field(default=0.05, gt=0, lt=1)
    few_values: int = Field(default=100, ge=1, le=1_000)
    distance: float = Field(default=0.2, gt=0, lt=1)
    times_usual: float = Field(default=2.0, ge=1)
