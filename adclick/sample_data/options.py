"""What a sample ad log is made from."""

from __future__ import annotations

import hashlib
from typing import Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

FEWEST_PER_MONTH = 75


class SampleOptions(BaseModel):
    """The size, the world and the flaws of a sample; equal options make byte-identical files.

    Attributes:
        months: calendar months of impressions; training, calibration and test need four.
        first_month: the first of them, YYYY-MM.
        impressions: rows in all, spread evenly over the months.
        creatives_per_month: ads born each month; each is shown for up to three months. The default
            gives seven months of training 1,350 pictures to learn from.
        base_rate: the world's average click probability.
        drift: how far tastes turn, in radians a month; .15 is a stress test.
        defect_share: share of rows spoilt on purpose, and twice the share of rows whose image is
            cut short. Both together stay below the schema's max_bad_share.
        seed: draws creatives, impressions and clicks.
        rule_seed: draws the world: whose taste is what, which looks of an ad please.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    months: int = Field(default=8, ge=4, le=120)
    first_month: str = Field(default="2026-01", pattern=r"^(19[7-9]|20\d)\d-(0[1-9]|1[0-2])$")
    impressions: int = Field(default=320_000, le=10**9)
    creatives_per_month: int = Field(default=193, ge=10, le=100_000)
    base_rate: float = Field(default=0.04, ge=0.001, le=0.5)
    drift: float = Field(default=0.05, ge=0, le=0.5)
    defect_share: float = Field(default=0.004, ge=0, le=0.01)
    seed: int = Field(default=0, ge=0)
    rule_seed: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _enough_rows(self) -> Self:
        if self.impressions < FEWEST_PER_MONTH * self.months:
            raise ValueError(
                f"impressions: {self.impressions} are too few for {self.months} months, "
                f"take {FEWEST_PER_MONTH * self.months} or more"
            )
        return self

    @property
    def month_names(self) -> tuple[str, ...]:
        """The months of the sample in order, as YYYY-MM."""
        first = np.datetime64(self.first_month, "M")
        return tuple(str(first + m) for m in range(self.months))

    @property
    def fingerprint(self) -> str:
        """A short name for what these options make."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:8]

    def rows_in(self, month: int) -> int:
        """Impressions of the month with this index, counted from 0."""
        return self.impressions // self.months + (month < self.impressions % self.months)

    def generator(self, month: int, *stream: int) -> np.random.Generator:
        """The random numbers of one part of one month, whatever months follow it."""
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(month, *stream)))
