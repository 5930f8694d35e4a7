"""Traffic as an ad service would send it: rows of the log, one request each."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class TrafficOptions(BaseModel):
    """How many requests the traffic pipeline sends, over how many connections."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    requests: int = Field(default=600, ge=1)
    connections: int = Field(default=4, ge=1, le=64)


class TrafficReport(BaseModel):
    """What came back: how many answers by which version, and milliseconds at two percentiles."""

    model_config = ConfigDict(frozen=True)

    url: str
    versions: dict[str, int]
    requests: int
    mean_score: float
    p50_ms: float
    p99_ms: float
