"""How finely and how surely models are judged."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from adclick.evaluation.rows import Clusters


class SliceOptions(BaseModel):
    """What rows are divided by: `columns`, or all where it is None, and `crosses` of two of them.

    Columns are the encoder's categorical and numeric ones, the numeric ones in `quantiles`, `hour`
    and `weekday` in UTC, `month` where there are several, and `creative`: cold where it was never
    trained on. A column has its `max_values` most frequent values, the last of which is all others.
    Slices of fewer than `min_impressions` are left out. The `worst` slices of any two columns are
    searched for.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: tuple[str, ...] | None = None
    crosses: tuple[tuple[str, str], ...] = ()
    quantiles: int = Field(default=4, ge=2, le=16)
    max_values: int = Field(default=20, ge=2, le=100)
    min_impressions: int = Field(default=500, ge=1)
    worst: int = Field(default=10, ge=0)


class EvaluationOptions(BaseModel):
    """How often rows are resampled, and how sure intervals are to be.

    `clusters` is what rows have in common that are not independent: their creative or their day, or
    nothing (row). Where it is None it is the first of these of which there are enough.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    resamples: int = Field(default=1000, ge=20)
    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    clusters: Clusters | None = None
    slices: SliceOptions = SliceOptions()
    seed: int = 1

    @model_validator(mode="after")
    def _as_sure_as_resamples_can_be(self) -> Self:
        needed = 2 / (1 - self.confidence)
        # rounded: 1 - 0.95 is a little more than 0.05
        if self.resamples < round(needed, 6):
            raise ValueError(
                f"an interval of confidence {self.confidence:g} takes at least {needed:,.0f} "
                f"resamples, not {self.resamples:,}"
            )
        return self
