"""Emulated: a job's run, task after task, whoever submitted it may be gone."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from graphlib import TopologicalSorter
from pathlib import Path

from google.cloud.aiplatform_v1 import PipelineFailurePolicy, PipelineState, PipelineTaskDetail

from tests.gcp.cloud.vertex.attempt import Attempt, Outcome
from tests.gcp.cloud.vertex.faults import read_faults
from tests.gcp.cloud.vertex.job import log_files
from tests.gcp.cloud.vertex.machine import Machine
from tests.gcp.cloud.vertex.record import Record
from tests.gcp.cloud.vertex.task import Task

_TaskState = PipelineTaskDetail.State
FAIL_FAST = PipelineFailurePolicy.PIPELINE_FAILURE_POLICY_FAIL_FAST


class JobRun:
    """Runs the tasks of `record`, those that don't wait for each other at the same time."""

    def __init__(self, record: Record, uuid: str, machine: Machine, state: Path) -> None:
        self._record = record
        self._uuid = uuid
        self._machine = machine
        self._state = state
        self._failed: list[str] = []
        self._left_out: set[str] = set()

    def run(self) -> None:
        """Run all tasks that can be run, and put the job into its last state."""
        try:
            self._record.move(PipelineState.PIPELINE_STATE_RUNNING)
            self._run_tasks()
            self._end()
        except Exception as error:
            self._record.move(PipelineState.PIPELINE_STATE_FAILED, f"Internal error: {error!r}")
            raise

    def _run_tasks(self) -> None:
        order = TopologicalSorter({t.name: t.after for t in self._record.tasks.values()})
        order.prepare()
        running: dict[Future[Outcome], str] = {}
        with ThreadPoolExecutor(thread_name_prefix="vertex-task") as threads:
            while order.is_active():
                for name in order.get_ready():
                    task = self._record.tasks[name]
                    if self._blocked(task):
                        self._left_out.add(name)
                        self._record.move_task(name, _TaskState.NOT_TRIGGERED)
                        order.done(name)
                    else:
                        running[threads.submit(self._run_task, task)] = name
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    self._end_task(running[future], future.result())
                    order.done(running.pop(future))

    def _blocked(self, task: Task) -> bool:
        fast = self._record.resource.runtime_config.failure_policy == FAIL_FAST
        missing = self._left_out.union(self._failed).intersection(task.after)
        return bool(missing or (fast and self._failed) or self._record.cancelled.is_set())

    def _run_task(self, task: Task) -> Outcome:
        """Attempts at a task, until one succeeds or the service gives up."""
        restarts = retries = 0
        while True:
            outcome = self._attempt(task)
            if outcome.succeeded or outcome.cancelled:
                return outcome
            if restarts < outcome.restarts:
                restarts += 1
            elif retries < task.retry.retries:
                self._record.cancelled.wait(task.retry.wait(retries))
                restarts, retries = 0, retries + 1
            else:
                return outcome

    def _attempt(self, task: Task) -> Outcome:
        record, faults = self._record, read_faults(self._state)
        record.move_task(task.name, _TaskState.PENDING)
        if record.cancelled.wait(faults.start_seconds):
            return Outcome(cancelled=True)
        record.move_task(task.name, _TaskState.RUNNING)
        preemption = faults.preempted.get(task.name)
        if preemption and record.attempts[task.name] > preemption.times:
            preemption = None
        logs = log_files(record.folder, task)
        return Attempt(task, self._machine, self._uuid, logs, record.cancelled, preemption).run()

    def _end_task(self, name: str, outcome: Outcome) -> None:
        if outcome.cancelled:
            self._record.move_task(name, _TaskState.CANCELLED)
            self._left_out.add(name)
        elif outcome.error:
            self._record.move_task(name, _TaskState.FAILED, outcome.error)
            self._failed.append(name)
        else:
            self._record.move_task(name, _TaskState.SUCCEEDED)

    def _end(self) -> None:
        if self._record.cancelled.is_set():
            self._record.move(PipelineState.PIPELINE_STATE_CANCELLED)
        elif self._failed:
            project = self._record.resource.name.split("/")[1]
            tasks = ", ".join(sorted(self._failed))
            error = (
                f"The DAG failed because some tasks failed. The failed tasks are: [{tasks}].; "
                f"Job (project_id = {project}, job_id = {self._uuid}) is failed due to the above "
                "error."
            )
            self._record.move(PipelineState.PIPELINE_STATE_FAILED, error)
        else:
            self._record.move(PipelineState.PIPELINE_STATE_SUCCEEDED)
