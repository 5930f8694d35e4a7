"""What a submitted job asks for, task by task."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class RetryPolicy:
    """How often the service tries a task again that failed, and how long it waits before."""

    retries: int = 0
    seconds: float = 0.0
    factor: float = 2.0
    most_seconds: float = 3600.0

    def wait(self, retry: int) -> float:
        """Seconds before the retry of this number, counted from 0."""
        return min(self.seconds * self.factor**retry, self.most_seconds)


@dataclass(frozen=True)
class Task:
    """One task of a job: a ZenML step, on the machines that it asks for.

    `machine` is None where Vertex AI chooses one that has `cpus` and `memory`. `custom_job_spec`
    is what a task that is a custom training job was submitted with; other tasks have none.
    """

    name: str
    image: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    after: tuple[str, ...] = ()
    machine: str | None = None
    cpus: str | None = None
    memory: str | None = None
    accelerator: str | None = None
    accelerators: int = 0
    disk_type: str | None = None
    disk_gb: int | None = None
    spot: bool = False
    replicas: int = 1
    timeout_seconds: float | None = None
    service_account: str | None = None
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    custom_job_spec: str | None = None

    def pools(self) -> tuple[int, ...]:
        """Replicas of each worker pool: the primary one, and all others."""
        return (1,) if self.replicas == 1 else (1, self.replicas - 1)

    def job(self) -> dict[str, Any]:
        """The CustomJobSpec, as the cluster's environment variables show it."""
        spec: dict[str, Any] = json.loads(self.custom_job_spec or "{}")
        return spec
