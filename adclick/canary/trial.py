"""What came of a new version's trial beside the champion."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from adclick.canary.judgement import CanaryCondition

TrialOutcome = Literal["promoted", "rolled back", "no trial"]


class CanaryTrial(BaseModel):
    """How `version` fared for `seconds` beside `champion`, and why that came of it.

    Where there was no trial, `version` serves with all of the traffic, and `reason` says why.
    `replayed` requests were not asked by anyone else; they came from `replayed_from`.
    """

    model_config = ConfigDict(frozen=True)

    version: str
    champion: str | None
    outcome: TrialOutcome
    reason: str
    conditions: tuple[CanaryCondition, ...] = ()
    seconds: float = 0.0
    replayed: int = 0
    replayed_from: str | None = None
