"""Which rows train, calibrate and test a model: time is the split."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from adclick.adlog import BUCKETS, AdLog, RowSelection
from adclick.errors import AdclickError


class SplitOptions(BaseModel):
    """How much of the end of the training months calibrates the model instead."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    calibration_share: float = Field(default=0.15, gt=0, lt=0.5)


class Split(BaseModel):
    """Three selections of rows that have no row in common."""

    model_config = ConfigDict(frozen=True)

    training: RowSelection
    calibration: RowSelection
    test: RowSelection

    @model_validator(mode="after")
    def _tested_later(self) -> Self:
        by_month = max(self.training.months) < min(self.test.months)
        by_id = self.training.end_bucket <= self.test.first_bucket
        until, since = self.training.until, self.test.since
        by_time = until is not None and since is not None and until <= since
        if not (by_month or by_id or by_time):
            raise ValueError("training rows are not apart from test rows")
        return self


def split_by_time(log: AdLog, options: SplitOptions) -> Split:
    """Train on the months before the last, calibrate on their end, test on the last month.

    Where the log has a single month, the schema's `holdout` shares are taken by id instead; raises
    AdclickError when it declares none.
    """
    *earlier, last = log.month_names
    if not earlier:
        return _split_by_id(log)
    months = tuple(earlier)
    boundary = _end_of_training(log, months, options.calibration_share)
    return Split(
        training=RowSelection(months=months, until=boundary),
        calibration=RowSelection(months=months, since=boundary),
        test=RowSelection(months=(last,)),
    )


def split_before_test(log: AdLog, split: Split, options: SplitOptions) -> Split:
    """A split of `split`'s rows without those that it tests on: its calibration rows test.

    What is chosen by it, such as settings, has not seen the test rows of `split`.
    """
    training = split.training
    if training.until is None:
        end = training.end_bucket
        boundary = end - round((end - training.first_bucket) * options.calibration_share)
        return Split(
            training=training.model_copy(update={"end_bucket": boundary}),
            calibration=training.model_copy(update={"first_bucket": boundary}),
            test=split.calibration,
        )
    first = next(month.first for month in log.months if month.month in training.months)
    until = first + (training.until - first) * (1 - options.calibration_share)
    return Split(
        training=training.model_copy(update={"until": until}),
        calibration=training.model_copy(update={"since": until}),
        test=split.calibration,
    )


def _end_of_training(log: AdLog, months: tuple[str, ...], share: float) -> datetime:
    chosen = [month for month in log.months if month.month in months]
    first, last = chosen[0].first, chosen[-1].last
    return first + (last - first) * (1 - share)


def _split_by_id(log: AdLog) -> Split:
    holdout = log.ad_schema.holdout
    if holdout is None:
        raise AdclickError(
            f"the log has one month, {log.month_names[0]}, and none later to test on: add months, "
            f"or declare `holdout` in schema {log.ad_schema.name}"
        )
    test = BUCKETS - round(BUCKETS * holdout.test)
    calibration = test - round(BUCKETS * holdout.calibration)
    months = log.month_names
    return Split(
        training=RowSelection(months=months, end_bucket=calibration),
        calibration=RowSelection(months=months, first_bucket=calibration, end_bucket=test),
        test=RowSelection(months=months, first_bucket=test),
    )
