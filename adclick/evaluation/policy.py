"""What a challenger must reach before it may replace the champion."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from adclick.statistics.anomaly import Check

type Rule = Literal["better", "non-inferior", "not-worse"]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Bound(_Strict):
    """The least and most that a figure may be; None bounds nothing."""

    least: float | None = None
    most: float | None = None

    @model_validator(mode="after")
    def _bounds_something(self) -> Self:
        if self.least is None and self.most is None:
            raise ValueError("names neither least nor most")
        if self.least is not None and self.most is not None and self.least > self.most:
            raise ValueError(f"least {self.least:g} is above most {self.most:g}")
        return self

    def holds(self, value: float) -> bool:
        """Whether the value lies within; NaN does not."""
        return (self.least is None or value >= self.least) and (
            self.most is None or value <= self.most
        )

    def __str__(self) -> str:
        if self.most is None:
            return f"at least {self.least:g}"
        return (
            f"at most {self.most:g}" if self.least is None else f"{self.least:g} to {self.most:g}"
        )


class Bounds(_Strict):
    """Absolute bounds on the challenger's metrics; `calibration` is predicted over observed."""

    auc: Bound | None = Bound(least=0.55)
    pr_auc: Bound | None = None
    logloss: Bound | None = None
    normalised_entropy: Bound | None = None
    calibration: Bound | None = Bound(least=0.8, most=1.25)
    ece: Bound | None = None
    brier: Bound | None = None


class Change(_Strict):
    """How a metric may differ from another model's, in its own unit, as sure as intervals are.

    better: beyond doubt by more than `margin`. non-inferior: beyond doubt not worse by `margin`.
    not-worse: not worse by more than `margin` beyond doubt; here the doubt is the challenger's.
    """

    rule: Rule
    margin: float = Field(default=0.0, ge=0)


class Changes(_Strict):
    """A change per metric, none where it is None."""

    auc: Change | None = None
    pr_auc: Change | None = None
    logloss: Change | None = None
    normalised_entropy: Change | None = None
    ece: Change | None = None
    brier: Change | None = None


class ChampionChanges(Changes):
    """Against the champion: more likely beyond doubt, and ranking that is at least as good."""

    auc: Change | None = Change(rule="non-inferior", margin=0.005)
    logloss: Change | None = Change(rule="better")


class LogisticChanges(Changes):
    """Against the logistic regression on the same columns."""

    auc: Change | None = Change(rule="not-worse")


class ConstantChanges(Changes):
    """Against the click rate of the training months as prediction."""

    logloss: Change | None = Change(rule="better")


class SliceBounds(_Strict):
    """How much worse than the champion the challenger may be in a slice, and how calibrated.

    `auc` bounds the drop, `normalised_entropy` the rise, `calibration` the challenger's predicted
    over observed clicks; a slice counts where it is clearly beyond. `false_alarms` is the most that
    the chance may be of one false alarm among all the slices of a bound.
    """

    auc: float | None = Field(default=0.01, ge=0)
    normalised_entropy: float | None = Field(default=0.01, ge=0)
    calibration: Bound | None = Bound(least=0.5, most=2.0)
    false_alarms: float = Field(default=0.05, gt=0, lt=0.5)


class ServingBudget(_Strict):
    """What a trial of the challenger's server may show; None bounds nothing.

    `skew` is the largest difference between a served and an offline score, `p99_ms` the 99th
    percentile of the time that an answer for one candidate takes, `many_p99_ms` of one for many.
    """

    skew: float | None = Field(default=1e-5, ge=0)
    failed: int | None = Field(default=0, ge=0)
    p99_ms: float | None = Field(default=100, gt=0)
    many_p99_ms: float | None = Field(default=200, gt=0)
    memory_mb: float | None = Field(default=2000, gt=0)
    size_mb: float | None = Field(default=1000, gt=0)


class Policy(_Strict):
    """Everything that has to hold for a promotion.

    `anomalies` are the checks whose warnings about the test months block one. Where `serving` is
    set, a trial of the server has to have been.
    """

    bounds: Bounds = Bounds()
    champion: ChampionChanges = ChampionChanges()
    logistic: LogisticChanges = LogisticChanges()
    constant: ConstantChanges = ConstantChanges()
    slices: SliceBounds = SliceBounds()
    serving: ServingBudget | None = ServingBudget()
    anomalies: tuple[Check, ...] = ("click rate", "missing", "vanished column")
