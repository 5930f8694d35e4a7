"""Traffic as an ad service would send it: rows of the log, one request each."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class TrafficOptions(BaseModel):
    """How many requests the traffic pipeline sends, over how many connections."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    requests: int = Field(default=600, ge=1)
    connections: int = Field(default=4, ge=1, le=64)


class TrafficReport(BaseModel):
    """What came back: answered requests, and milliseconds at the 50th and 99th percentile."""

    model_config = ConfigDict(frozen=True)

    url: str
    version: str
    requests: int
    mean_score: float
    p50_ms: float
    p99_ms: float
