"""Emulated: methods for jobs and their schedules, from a request's bytes to those of its answer."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import grpc
from croniter import croniter
from google.cloud import aiplatform_v1 as v1
from google.longrunning import operations_pb2
from google.protobuf import any_pb2, empty_pb2

from tests.gcp.cloud.vertex.admission import admit
from tests.gcp.cloud.vertex.faults import read_faults
from tests.gcp.cloud.vertex.job import read_jobs
from tests.gcp.cloud.vertex.job_run import JobRun
from tests.gcp.cloud.vertex.listing import selected
from tests.gcp.cloud.vertex.machine import Machine
from tests.gcp.cloud.vertex.placeholders import Place
from tests.gcp.cloud.vertex.record import FILE, Record
from tests.gcp.cloud.vertex.refusal import RefusalError, invalid

_FIRST_UUID = 1_000_000_000_000_000_001
PAGE = 50


class PipelineApi:
    """The jobs of one service, which run in threads of this process."""

    def __init__(self, state: Path, machine: Machine) -> None:
        self._state = state
        self._machine = machine
        self._lock = threading.Lock()
        self._runs: list[threading.Thread] = []
        self._records = self._former()
        self._uuids = itertools.count(_FIRST_UUID + len(self._records))

    def method(self, name: str) -> Callable[[bytes], bytes] | None:
        """The method of this name (CreatePipelineJob, ...), or None if there is none."""
        return {
            "CreatePipelineJob": self._create,
            "GetPipelineJob": self._get,
            "ListPipelineJobs": self._list,
            "CancelPipelineJob": self._cancel,
            "DeletePipelineJob": self._delete,
            "CreateSchedule": self._schedule,
        }.get(name)

    def close(self) -> None:
        """End all jobs: their processes are gone when this returns."""
        for record in self._records.values():
            record.cancel()
        for run in self._runs:
            run.join()

    def _schedule(self, content: bytes) -> bytes:
        """A schedule, whose first job is due at once; emulated time brings no other."""
        request = v1.CreateScheduleRequest.deserialize(content)
        schedule, asked = request.schedule, request.schedule.create_pipeline_job_request
        if not schedule.display_name or not croniter.is_valid(schedule.cron):
            raise invalid("schedule: a display_name and a cron expression are required")
        if schedule.max_concurrent_run_count < 1:
            raise invalid("schedule: max_concurrent_run_count must be positive")
        number = next(self._uuids)
        asked.pipeline_job_id = asked.pipeline_job_id or f"scheduled-{number}"
        self._create(bytes(v1.CreatePipelineJobRequest.serialize(asked)))
        schedule.name = f"{request.parent}/schedules/{number}"
        schedule.state = v1.Schedule.State.ACTIVE
        schedule.create_time = datetime.now(UTC)
        return bytes(v1.Schedule.serialize(schedule))

    def _create(self, content: bytes) -> bytes:
        request = v1.CreatePipelineJobRequest.deserialize(content)
        _, project, _, location = request.parent.split("/")
        uuid, job = str(next(self._uuids)), request.pipeline_job
        place = Place(
            project=project,
            location=location,
            job_id=request.pipeline_job_id or f"{job.display_name}-{uuid}",
            uuid=uuid,
            root=job.runtime_config.gcs_output_directory,
            service_account=job.service_account,
            network=job.network,
        )
        tasks = admit(job, place)
        if read_faults(self._state).quota:
            message = (
                "The following quota metrics exceed quota limits: "
                "aiplatform.googleapis.com/custom_model_training_nvidia_t4_gpus"
            )
            raise RefusalError(grpc.StatusCode.RESOURCE_EXHAUSTED, message)
        job.name, job.create_time = place.name, datetime.now(UTC)
        job.state = v1.PipelineState.PIPELINE_STATE_PENDING
        record = Record(job, tasks, self._state / "jobs" / place.job_id)
        self._add(record)
        answer = record.serialized()
        self._start(JobRun(record, uuid, self._machine, self._state))
        return answer

    def _add(self, record: Record) -> None:
        with self._lock:
            if record.resource.name in self._records:
                message = f"The PipelineJob {record.resource.name} already exists."
                raise RefusalError(grpc.StatusCode.ALREADY_EXISTS, message)
            record.folder.mkdir(parents=True)
            record.save()
            self._records[record.resource.name] = record

    def _start(self, run: JobRun) -> None:
        thread = threading.Thread(target=run.run, name="vertex-job", daemon=True)
        self._runs.append(thread)
        thread.start()

    def _get(self, content: bytes) -> bytes:
        return self._known(v1.GetPipelineJobRequest.deserialize(content).name).serialized()

    def _list(self, content: bytes) -> bytes:
        request = v1.ListPipelineJobsRequest.deserialize(content)
        jobs = [v1.PipelineJob.deserialize(record.serialized()) for record in self._all()]
        inside = [job for job in jobs if job.name.startswith(f"{request.parent}/")]
        found = selected(inside, request.filter, request.order_by)
        begin = int(request.page_token or 0)
        end = begin + (request.page_size or PAGE)
        token = str(end) if end < len(found) else ""
        answer = v1.ListPipelineJobsResponse(pipeline_jobs=found[begin:end], next_page_token=token)
        return bytes(v1.ListPipelineJobsResponse.serialize(answer))

    def _cancel(self, content: bytes) -> bytes:
        self._known(v1.CancelPipelineJobRequest.deserialize(content).name).cancel()
        return empty_pb2.Empty().SerializeToString()

    def _delete(self, content: bytes) -> bytes:
        record = self._known(v1.DeletePipelineJobRequest.deserialize(content).name)
        if not record.finished:
            message = f"The PipelineJob {record.resource.name} is not in a final state."
            raise RefusalError(grpc.StatusCode.FAILED_PRECONDITION, message)
        with self._lock:
            del self._records[record.resource.name]
            (record.folder / FILE).unlink()
        nothing = any_pb2.Any()
        nothing.Pack(empty_pb2.Empty())
        name = f"{record.resource.name}/operations/1"
        return operations_pb2.Operation(name=name, done=True, response=nothing).SerializeToString()

    def _all(self) -> list[Record]:
        with self._lock:
            return list(self._records.values())

    def _known(self, name: str) -> Record:
        if name.count("/") != 5:
            raise invalid(f"'{name}' is no name of a PipelineJob")
        with self._lock:
            if name not in self._records:
                message = f"The PipelineJob {name} does not exist."
                raise RefusalError(grpc.StatusCode.NOT_FOUND, message)
            return self._records[name]

    def _former(self) -> dict[str, Record]:
        """Jobs of an earlier service with this state; what was running then has failed."""
        records = {}
        for job in read_jobs(self._state).values():
            if (job.folder / FILE).is_file():
                resource = v1.PipelineJob.deserialize((job.folder / FILE).read_bytes())
                record = Record(resource, dict(job.tasks), job.folder, dict(job.attempts))
                if not record.finished:
                    error = "Internal error: the emulated Vertex AI was stopped meanwhile."
                    record.move(v1.PipelineState.PIPELINE_STATE_FAILED, error)
                records[resource.name] = record
        return records
