"""Which version a training begins with."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Start(BaseModel):
    """A version, and the ids of the artifacts with its model and encoder; none: from scratch."""

    model_config = ConfigDict(frozen=True)

    version: str | None = None
    model: str = ""
    encoder: str = ""
