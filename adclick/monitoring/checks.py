"""What a drift report is judged by."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Kind = Literal["months", "predictions"]

# distances by Evidently's names
PSI = "psi"
WASSERSTEIN = "wasserstein"


class DriftChecks(BaseModel):
    """Bounds on how far a sample may lie from its reference; all are distances, none a p-value.

    A p-value falls with the number of rows, so that any two large samples "drift"; a distance says
    how far apart they are. `psi` bounds the population stability index of a categorical column:
    sum of (c - r) ln(c / r) over its values' shares c and r; by convention 0.1 is a small and 0.25
    a large change (Siddiqi, Credit Risk Scorecards, 2006). `wasserstein` bounds the mean distance
    that a numeric column's values moved, in standard deviations of the reference: 0.2 is Cohen's
    small effect. `drifted_share` is the share of columns past their bound that asks for
    retraining, and `click_rate_change` the relative change of the click rate, up or down, that
    does. `missing_share` bounds how much more of a column may be empty than in the reference.

    At most `rows` rows a side are compared; with fewer than `min_rows` nothing but 'watch' is
    concluded.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: int = Field(default=10_000, ge=100)
    min_rows: int = Field(default=500, ge=100)
    psi: float = Field(default=0.2, gt=0)
    wasserstein: float = Field(default=0.2, gt=0)
    drifted_share: float = Field(default=0.3, gt=0, le=1)
    missing_share: float = Field(default=0.05, gt=0, le=1)
    click_rate_change: float = Field(default=0.3, gt=0)
