"""What is checked, how far it may go, and what it asks for when it goes farther."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from adclick.monitoring.distance import Measure
from adclick.monitoring.names import IMAGE, SCORE
from adclick.monitoring.verdict import Check, Severity

Kind = Literal["months", "predictions"]

# distances by Evidently's names
PSI: Final = "psi"
WASSERSTEIN: Final = "wasserstein"

SEVERITIES: dict[Check, Severity] = {
    "labels": "stop",
    "vanished column": "stop",
    "unit": "stop",
    "swapped columns": "stop",
    "skew": "stop",
    "broken images": "stop",
    "click rate": "retrain",
    "drifted columns": "retrain",
    "auc": "retrain",
    "logloss": "retrain",
    "calibration": "retrain",
}


class ColumnCheck(BaseModel):
    """How one column is compared: by another distance, or with another bound, than its kind."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    distance: Measure | None = None
    bound: float | None = Field(default=None, gt=0)


class SliceChecks(BaseModel):
    """Bias creep: how well the model serves each value of these columns.

    `columns` are features, such as those of a sensitive or business attribute; by default they are
    all categorical ones of at most ten values. Values with fewer than `min_impressions` are left
    out. `calibration` bounds how far a slice's predicted over
    observed clicks may lie from that of all rows, as a factor less one, up or down; `auc_drop` how
    much lower its AUC may be than that slice's when the model was evaluated.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: tuple[str, ...] | None = None
    min_impressions: int = Field(default=2_000, ge=1)
    calibration: float = Field(default=0.25, gt=0)
    auc_drop: float = Field(default=0.05, gt=0)


class DriftChecks(BaseModel):
    """Bounds on how far a period may lie from the champion's training months.

    All are sizes of a change, none a p-value, which falls with the number of rows, so that any two
    large samples "drift". What chance adds to a distance is taken off it, and one that chance alone
    may have made is undecided: a verdict does not change with the number of rows alone. Where the
    training months differ among themselves, bounds are at least `times_usual` of that, but at most
    three times what is declared here.

    Columns: `psi` bounds the population stability index of categorical columns (by convention 0.1
    is a small and 0.25 a large change; Siddiqi, Credit Risk Scorecards, 2006), `wasserstein` the
    mean distance that a numeric column's values moved, in standard deviations (0.2 is Cohen's small
    effect); `jensen_shannon` is for `columns` that are to be compared by it. `drifted_share` bounds
    the share of columns past their bound. `missing_share` bounds how much more of a column may be
    empty, `new_share` and `vanished_share` the share of impressions of values that the reference
    does not have, or had. Numbers `unit_factor` times as large all over are a change of unit.

    Outcome: `click_rate_change` bounds the relative change of the click rate, up or down; a click
    rate `broken_click_rate` times as large or small is none. `late_labels` bounds by how much the
    click rate of the last seven days may lie below that of the days before. `score` is as
    `wasserstein`, of the scores. `auc_drop`, `logloss_rise` (of the logloss over that of a
    constant) and `calibration` (factor less one of predicted over observed clicks, up or down)
    are against the champion's evaluation.

    Images: `image` bounds how far statistics and embeddings of the creatives shown moved, and
    `broken_image` how far they can without being broken, both in standard deviations. `skew_share`
    bounds the share of requests whose logged features are other than the ingested ones.

    At most `rows` rows a side go into Evidently's reports; the checks are on all rows. With fewer
    than `min_rows` nothing but 'watch' is concluded. `severities` are what checks ask for, where
    that is to be other than `SEVERITIES` ('watch' for those not named there).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: int = Field(default=10_000, ge=100)
    min_rows: int = Field(default=500, ge=100)
    times_usual: float = Field(default=1.5, ge=1)
    psi: float = Field(default=0.1, gt=0)
    jensen_shannon: float = Field(default=0.15, gt=0, lt=1)
    wasserstein: float = Field(default=0.2, gt=0)
    columns: dict[str, ColumnCheck] = {}
    drifted_share: float = Field(default=0.3, gt=0, le=1)
    missing_share: float = Field(default=0.05, gt=0, le=1)
    new_share: float = Field(default=0.05, gt=0, le=1)
    vanished_share: float = Field(default=0.01, gt=0, le=1)
    unit_factor: float = Field(default=5.0, gt=1)
    click_rate_change: float = Field(default=0.17, gt=0)
    broken_click_rate: float = Field(default=3.0, gt=1)
    late_labels: float = Field(default=0.3, gt=0, lt=1)
    score: float = Field(default=0.2, gt=0)
    auc_drop: float = Field(default=0.03, gt=0)
    logloss_rise: float = Field(default=0.02, gt=0)
    calibration: float = Field(default=0.15, gt=0)
    image: float = Field(default=0.3, gt=0)
    broken_image: float = Field(default=1.0, gt=0)
    skew_share: float = Field(default=0.01, gt=0, le=1)
    slices: SliceChecks = SliceChecks()
    severities: dict[Check, Severity] = {}

    def severity(self, check: Check) -> Severity:
        """What the check asks for where it is past its bound."""
        return self.severities.get(check, SEVERITIES.get(check, "watch"))

    def measure_of(self, column: str, numeric: bool) -> tuple[Measure, float]:
        """The distance by which a column is compared, and its bound."""
        declared = self.columns.get(column, ColumnCheck())
        measure = declared.distance or (WASSERSTEIN if numeric else PSI)
        bounds: dict[Measure, float] = {
            "psi": self.psi,
            "jensen-shannon": self.jensen_shannon,
            "wasserstein": self._of_numbers(column),
        }
        return measure, declared.bound or bounds[measure]

    def _of_numbers(self, column: str) -> float:
        if column == SCORE:
            return self.score
        return self.image if column.startswith(IMAGE) else self.wasserstein
