"""What tests may ask of a job on the emulated Vertex AI."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from pydantic import TypeAdapter

from tests.gcp.cloud.vertex.task import Task


@dataclass(frozen=True)
class Job:
    """A submitted job as it is now: what it asked for, how its tasks fare, where their logs are.

    States have the names of the API without their prefix: PENDING, RUNNING, SUCCEEDED, ...
    """

    job_id: str
    created: datetime
    display_name: str
    state: str
    error: str
    service_account: str
    labels: Mapping[str, str]
    tasks: Mapping[str, Task]
    folder: Path
    states: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    attempts: Mapping[str, int] = field(default_factory=dict)

    @property
    def finished(self) -> bool:
        return self.state in ("SUCCEEDED", "FAILED", "CANCELLED")

    def log(self, task: str) -> str:
        """What all attempts of the task's primary replica wrote; empty before it runs."""
        path = log_files(self.folder, self.tasks[task])[0]
        return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


_JOBS = TypeAdapter(Job)


def log_files(folder: Path, task: Task) -> tuple[Path, ...]:
    """The files that a task's replicas log to, the primary one's first."""
    workers = [f"{task.name}.worker-{index}.log" for index in range(task.replicas - 1)]
    return tuple(folder / name for name in (f"{task.name}.log", *workers))


def read_jobs(state: Path) -> dict[str, Job]:
    """All jobs in the state folder of a service by their ids, the oldest first.

    Any process may ask, and after the service has stopped too.
    """
    jobs = [_JOBS.validate_json(path.read_bytes()) for path in (state / "jobs").glob("*/job.json")]
    return {job.job_id: job for job in sorted(jobs, key=lambda job: job.created)}


def write_job(job: Job) -> None:
    """Keep the job in its folder; a reader sees the whole of it or what was there before."""
    written = job.folder / "job.new"
    written.write_bytes(_JOBS.dump_json(job))
    written.replace(job.folder / "job.json")
