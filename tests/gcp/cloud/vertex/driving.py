"""How tests drive the service: a process of the gcp environment, and lines of JSON."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from tests.gcp.cloud.running import PYTHON, REPOSITORY
from tests.gcp.cloud.vertex.job import Job, read_jobs
from tests.servers import wait_until

PARENT = "projects/emulated-project/locations/us-central1"
SECONDS = 30.0
TRAINING = {
    "machine_type": "n1-standard-8",
    "accelerator_type": "NVIDIA_TESLA_T4",
    "accelerator_count": 2,
    "boot_disk_size_gb": 500,
    "strategy": "SPOT",
    "timeout": "3600s",
    "service_account": "trainer@emulated-project.iam.gserviceaccount.com",
}
_ids = count(1)


@dataclass
class Driven:
    """The service in a process of the gcp environment, and the real client beside it."""

    process: subprocess.Popen[str]
    state: Path

    def ask(self, **asked: Any) -> dict[str, Any]:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def call(self, method: str, **request: Any) -> dict[str, Any]:
        return self.ask(method=method, request=request)

    def create(self, *steps: dict[str, Any], **more: Any) -> dict[str, Any]:
        return self.submit(self.ask(compile=steps)["result"], **more)

    def submit(self, spec: dict[str, Any], **more: Any) -> dict[str, Any]:
        runtime = {"gcs_output_directory": "gs://bucket/root"} | more.pop("runtime_config", {})
        job = {"display_name": "steps", "pipeline_spec": spec, "runtime_config": runtime} | more
        name = f"job-{next(_ids)}"
        return self.call(
            "create_pipeline_job", parent=PARENT, pipeline_job_id=name, pipeline_job=job
        )

    def run(self, *steps: dict[str, Any], **more: Any) -> Job:
        return self.finished(self.create(*steps, **more))

    def finished(self, answer: dict[str, Any]) -> Job:
        name = job_id(answer)
        wait_until(lambda: self.job(name).finished, f"{name} has finished", SECONDS)
        return self.job(name)

    def job(self, name: str) -> Job:
        return read_jobs(self.state)[name]


def start(state: Path) -> subprocess.Popen[str]:
    """The service's process, which ends when its standard input does."""
    return subprocess.Popen(
        [PYTHON, "-m", "tests.gcp.cloud.vertex.driven", state],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@contextmanager
def driven(state: Path) -> Iterator[Driven]:
    """The service and its client for a while."""
    with start(state) as process:
        try:
            yield Driven(process, state)
        finally:
            assert process.stdin
            process.stdin.close()
            process.wait(SECONDS)


def job_id(answer: dict[str, Any]) -> str:
    assert "result" in answer, answer
    return str(answer["result"]["name"]).rpartition("/")[2]


def python(name: str, code: str, *after: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "command": ["python", "-c", code], "after": after, **more}
