"""How a new version is tried beside the champion, and what it may not do worse."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class CanaryPolicy(BaseModel):
    """What a canary gets, and the bounds that it has to keep to.

    It gets `traffic` per cent of the requests until both versions have answered `least_requests`
    and every figure is within its bound: then it is promoted. It is taken back as soon as a figure
    is past its bound by more than chance may give (once in 1,000). In between it is waited for, up
    to `longest_minutes`; then `undecided` says what becomes of it. It is looked at every
    `look_seconds`.

    Bounds are on the share of its requests that are answered with an error, by whoever's fault,
    beyond the champion's (`more_errors`); on its latency at `latency_quantile`, which may be
    `latency_ratio` times the champion's, or `latency_floor_ms` where that is more; on the
    Jensen-Shannon distance of both versions' scores (`score_distance`, 0 to 1; in base 2); and on
    the ratio of their mean scores, up or down (`score_ratio`). A better model scores otherwise:
    these two are there for scores that make no sense. It may be `unready_seconds` without a server
    that is ready.

    Where nobody asks for `replay_after_seconds`, requests are replayed; None never replays any.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    traffic: int = Field(default=10, ge=1, le=99)
    least_requests: int = Field(default=500, ge=50)
    longest_minutes: float = Field(default=60.0, gt=0)
    look_seconds: float = Field(default=1.0, gt=0)
    undecided: Literal["rollback", "promote"] = "rollback"
    more_errors: float = Field(default=0.01, ge=0, lt=1)
    latency_quantile: float = Field(default=0.99, gt=0, lt=1)
    latency_ratio: float = Field(default=1.5, ge=1)
    latency_floor_ms: float = Field(default=20.0, ge=0)
    score_distance: float = Field(default=0.4, gt=0, le=1)
    score_ratio: float = Field(default=2.0, gt=1)
    unready_seconds: float = Field(default=15.0, ge=0)
    replay_after_seconds: float | None = Field(default=5.0, ge=0)


class DeploymentOptions(BaseModel):
    """How the deployment pipeline deploys.

    Where `canary` is None, a new version gets all of the traffic at once.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    canary: CanaryPolicy | None = CanaryPolicy()
