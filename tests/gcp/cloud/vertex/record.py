"""Emulated: the resource of a PipelineJob, kept in the service's state folder at each change."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from google.cloud.aiplatform_v1 import PipelineJob, PipelineState, PipelineTaskDetail
from google.rpc import code_pb2, status_pb2

from tests.gcp.cloud.vertex.job import Job, write_job
from tests.gcp.cloud.vertex.task import Task

DONE = (
    PipelineState.PIPELINE_STATE_SUCCEEDED,
    PipelineState.PIPELINE_STATE_FAILED,
    PipelineState.PIPELINE_STATE_CANCELLED,
)
FILE = "resource.pb"


@dataclass
class Record:
    """One job: the resource that clients get, and the tasks that it was submitted with."""

    resource: PipelineJob
    tasks: dict[str, Task]
    folder: Path
    attempts: dict[str, int] = field(default_factory=dict)
    cancelled: threading.Event = field(default_factory=threading.Event)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def job_id(self) -> str:
        return str(self.resource.name).rpartition("/")[2]

    @property
    def finished(self) -> bool:
        with self._lock:
            return self.resource.state in DONE

    def serialized(self) -> bytes:
        """The resource as it goes over the wire."""
        with self._lock:
            return bytes(PipelineJob.serialize(self.resource))

    def move(self, state: PipelineState, error: str = "") -> None:
        """Put the job into this state."""
        with self._changed() as now:
            self.resource.state = state
            if state == PipelineState.PIPELINE_STATE_RUNNING:
                self.resource.start_time = now
            if state in DONE:
                self.resource.end_time = now
            if error:
                self.resource.error = _status(error)

    def cancel(self) -> None:
        """Ask for the end of a job that is not at its end yet."""
        with self._changed():
            if self.resource.state not in DONE:
                self.resource.state = PipelineState.PIPELINE_STATE_CANCELLING
                self.cancelled.set()

    def move_task(self, name: str, state: PipelineTaskDetail.State, error: str = "") -> None:
        """Put the task of this name into this state."""
        with self._changed() as now:
            detail = self._detail(name)
            detail.state = state
            if state == PipelineTaskDetail.State.RUNNING:
                self.attempts[name] = self.attempts.get(name, 0) + 1
                detail.start_time = now
            elif state != PipelineTaskDetail.State.PENDING:
                detail.end_time = now
            if error:
                detail.error = _status(error)

    def _detail(self, name: str) -> PipelineTaskDetail:
        details = self.resource.job_detail.task_details
        for detail in details:
            if detail.task_name == name:
                return detail
        now = datetime.now(UTC)
        details.append(
            PipelineTaskDetail(task_id=len(details) + 1, task_name=name, create_time=now)
        )
        return details[-1]

    @contextmanager
    def _changed(self) -> Iterator[datetime]:
        now = datetime.now(UTC)
        with self._lock:
            yield now
            self.resource.update_time = now
            self.save()

    def save(self) -> None:
        """Keep it for clients that ask later, and for tests."""
        with self._lock:
            written = self.folder / "resource.new"
            written.write_bytes(PipelineJob.serialize(self.resource))
            written.replace(self.folder / FILE)
            write_job(self._snapshot())

    def _snapshot(self) -> Job:
        resource = self.resource
        details = {detail.task_name: detail for detail in resource.job_detail.task_details}
        return Job(
            job_id=self.job_id,
            created=resource.create_time,
            display_name=resource.display_name,
            state=resource.state.name.removeprefix("PIPELINE_STATE_"),
            error=resource.error.message,
            service_account=resource.service_account,
            labels=dict(resource.labels),
            tasks=self.tasks,
            folder=self.folder,
            states={name: detail.state.name for name, detail in details.items()},
            errors={name: d.error.message for name, d in details.items() if d.error.message},
            attempts=dict(self.attempts),
        )


def _status(message: str) -> status_pb2.Status:
    return status_pb2.Status(code=code_pb2.FAILED_PRECONDITION, message=message)
