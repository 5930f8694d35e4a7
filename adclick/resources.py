"""On which machines a run's steps work, and how often and how long they may try."""

from __future__ import annotations

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

MOST_WORKERS = 64


class StepResources(BaseModel):
    """What one step gets where the stack can choose machines; a stack that can't ignores it.

    `machine` is the provider's name of a machine type and `gpu` of an accelerator, `gpus` how many
    of them each machine has, `workers` how many such machines train together. A `spot` machine is
    cheaper and may be taken away, which counts as a failed attempt. Without a `machine`, `cpus`
    and `memory_gb` say what the step needs.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    machine: str | None = None
    cpus: float | None = Field(default=None, gt=0)
    memory_gb: float | None = Field(default=None, gt=0)
    disk_gb: int = Field(default=100, ge=100, le=64_000)
    gpu: str | None = None
    gpus: int = Field(default=0, ge=0, le=16)
    workers: int = Field(default=1, ge=1, le=MOST_WORKERS)
    spot: bool = False
    hours: float = Field(default=24.0, gt=0)
    retries: int = Field(default=0, ge=0, le=10)
    retry_seconds: int = Field(default=30, ge=0)
    retry_backoff: int = Field(default=2, ge=1)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.gpu is None) != (self.gpus == 0):
            raise ValueError("gpu and gpus go together: name the accelerator and how many")
        if self.spot and not self.retries:
            raise ValueError("a spot machine may be taken away: set retries to 1 or more")
        return self


class Resources(BaseModel):
    """Each step's resources: the `default`, with what `steps` says of the step in its place."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    default: StepResources = StepResources()
    steps: dict[str, StepResources] = {}

    @model_validator(mode="before")
    @classmethod
    def _over_default(cls, given: Any) -> Any:
        """Steps name only what differs from the default."""
        if not isinstance(given, dict) or not isinstance(given.get("default"), dict):
            return given
        steps = {
            name: given["default"] | own if isinstance(own, dict) else own
            for name, own in (given.get("steps") or {}).items()
        }
        return given | {"steps": steps}

    def of(self, step: str) -> StepResources:
        """What the step of this name gets."""
        return self.steps.get(step, self.default)
