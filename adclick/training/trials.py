"""What a search for settings may cost, and what it found."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from adclick.training.options import TrainingOptions


class TuningOptions(BaseModel):
    """How many settings are tried, none by default, and after how many minutes no more begin."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    trials: int = Field(default=0, ge=0)
    minutes: float = Field(default=60.0, gt=0)


class Trial(BaseModel):
    """Settings by their name in the configuration, and the logloss of rows later than those used.

    `logloss` is None where training failed on them, for the `reason`.
    """

    model_config = ConfigDict(frozen=True)

    settings: dict[str, Any]
    logloss: float | None
    seconds: float
    reason: str | None = None


class Trials(BaseModel):
    """The trials in their order, of which the first is of the settings as configured.

    Trained and tested on what `trained_on` and `tested_on` say; `best` is the number of the best
    and `options` are its settings.
    """

    model_config = ConfigDict(frozen=True)

    trials: tuple[Trial, ...]
    best: int
    options: TrainingOptions
    trained_on: str
    tested_on: str
