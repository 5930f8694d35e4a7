"""How often a model may be trained again, and on how much."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class RetrainingOptions(BaseModel):
    """Bounds on retraining by verdict.

    Nothing is trained until `cool_down_days` after the last training, whatever came of that: a
    verdict that asks again and again, because a challenger is kept back, costs one training a
    cool-down. A retraining takes at most the `most_months` newest months, tests on the last of
    them, and begins with the champion's weights where it has a `warm_start`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    cool_down_days: float = Field(default=20, ge=0)
    most_months: int = Field(default=6, ge=1)
    warm_start: bool = True
