"""What a trial of a bundle's own server found, before anything is promoted."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class ServingFigures(BaseModel):
    """A challenger's server that answered replayed requests: right, fast and small enough?

    `max_skew` is the largest absolute difference between a served score and the offline score of
    the same row, and `skew` says in words which row that is and which encoded features differ
    (empty where served and offline scores are the same to 1e-5). `failed` counts requests without a
    score, `failure` says what the first of them was answered. `p50_ms` and `p99_ms` are of requests
    for one candidate, `many_p50_ms` and `many_p99_ms` of those for `many` candidates. `memory_mb`
    is what all processes of the server held at most (resident, 10**6 bytes, shared pages once),
    `size_mb` the bundle on disk.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    requests: int = Field(ge=0)
    failed: int = Field(ge=0)
    failure: str = ""
    max_skew: float = Field(ge=0)
    skew: str = ""
    p50_ms: float = Field(ge=0)
    p99_ms: float = Field(ge=0)
    many: int = Field(ge=1)
    many_p50_ms: float = Field(ge=0)
    many_p99_ms: float = Field(ge=0)
    memory_mb: float = Field(ge=0)
    size_mb: float = Field(ge=0)
