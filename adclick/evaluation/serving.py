"""What a trial of a bundle's own server found, before anything is promoted."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class ServingFigures(BaseModel):
    """A challenger's server that answered replayed requests: right, fast and small enough?

    `max_skew` is the largest absolute difference between a served score and the offline score of
    the same row; `failed` counts requests without a score. `memory_mb` is what all processes of
    the server held at most (resident, 10**6 bytes), `size_mb` the bundle on disk.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    requests: int = Field(ge=0)
    failed: int = Field(ge=0)
    max_skew: float = Field(ge=0)
    p50_ms: float = Field(ge=0)
    p99_ms: float = Field(ge=0)
    memory_mb: float = Field(ge=0)
    size_mb: float = Field(ge=0)
