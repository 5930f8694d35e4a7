"""What became of a trained model."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict


class Release(BaseModel):
    """A model version: staged for deployment, kept back by the decision, or in production.

    Or taken back, for this `reason`, from production or from its trial: it is not staged again.
    """

    model_config = ConfigDict(frozen=True)

    model: str
    version: str
    status: Literal["staged", "kept back", "in production", "taken back"]
    reason: str | None = None
