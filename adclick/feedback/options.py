"""How long clicks are waited for, and how much of the answered predictions is looked at."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field

from adclick.records.reading import Days


class FeedbackOptions(BaseModel):
    """What monitoring reads of prediction log and feedback.

    A prediction is clicked or not only once `window_hours` are over since it was answered; until
    then it awaits its click. Choose a window that nearly all clicks come within. All predictions
    are counted; at most `rows` of them, drawn by a hash of their requests, are compared.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    window_hours: float = Field(default=24, gt=0)
    days: int = Field(default=31, ge=1)
    rows: int = Field(default=100_000, ge=100)

    @property
    def window(self) -> timedelta:
        """The waiting window."""
        return timedelta(hours=self.window_hours)

    def days_before(self, now: datetime) -> Days:
        """The days that are looked at."""
        return Days(since=now.astimezone(UTC).date() - timedelta(days=self.days))
