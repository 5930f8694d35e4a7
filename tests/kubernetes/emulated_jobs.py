"""Emulated: the Jobs and secrets of one namespace of a cluster, and the accounts of its pods."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Collection
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from tests.kubernetes.emulated_cluster import RefusalError
from tests.kubernetes.emulated_job import EmulatedJob
from tests.kubernetes.emulated_job_pod import JobPod, PodHost
from tests.kubernetes.job_admission import admit, admit_pod

FAULTS_FILE = "faults.json"

Resource = dict[str, Any]


class PodFaults(BaseModel):
    """Pods that lose their node, by the label step_name, once their log has a text.

    `times` is how many pods of each Job; tests write it to the host's folder, from any process.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    preempted: dict[str, str] = {}
    times: int = 1

    def write(self, folder: Path) -> None:
        """Let pods that start from now on have these faults."""
        written = folder / "faults.new"
        written.write_text(self.model_dump_json(), encoding="utf-8")
        written.replace(folder / FAULTS_FILE)


class EmulatedJobs:
    """The Jobs of `namespace`, in which the service accounts of `accounts` are, until `close`."""

    def __init__(self, namespace: str, accounts: Collection[str], host: PodHost) -> None:
        self.namespace = namespace
        self._host = host
        self._lock = threading.RLock()
        self._jobs: dict[str, EmulatedJob] = {}
        self._tokens = {account: secrets.token_urlsafe(24) for account in accounts}
        host.folder.mkdir(parents=True, exist_ok=True)
        for account, token in self._tokens.items():
            self._write_account(account, token)

    def close(self) -> None:
        """Kill all that runs."""
        for name in [job.name for job in self.jobs()]:
            self.delete(name)

    def user(self, token: str) -> str | None:
        """Whose token this is, if it is one of a service account's."""
        known = {token: account for account, token in self._tokens.items()}
        account = known.get(token)
        return account and f"system:serviceaccount:{self.namespace}:{account}"

    def jobs(self) -> list[EmulatedJob]:
        """All that were not deleted, the oldest first."""
        with self._lock:
            found = {name: job for name, job in self._jobs.items() if not job.deleted.is_set()}
            self._jobs = found
            return list(found.values())

    def pods(self) -> list[JobPod]:
        """All Jobs' pods."""
        return [pod for job in self.jobs() for pod in job.pods]

    def create(self, manifest: Resource) -> Resource:
        """The new Job; RefusalError if there is one of its name, or it is not right."""
        stored = admit(manifest, self.namespace)
        name = stored["metadata"]["name"]
        stored["metadata"]["namespace"] = self.namespace
        job = EmulatedJob(stored, self._make_pod)
        with self._lock:
            if any(name == known.name for known in self.jobs()):
                message = f'jobs.batch "{name}" already exists'
                raise RefusalError(409, "AlreadyExists", message)
            self._jobs[name] = job
        created = job.resource()
        job.start()
        return created

    def job(self, name: str) -> EmulatedJob:
        """The Job of this name, or RefusalError."""
        for job in self.jobs():
            if job.name == name:
                return job
        raise RefusalError(404, "NotFound", f'jobs.batch "{name}" not found')

    def pod(self, name: str) -> JobPod:
        """The pod of this name, or RefusalError."""
        for pod in self.pods():
            if pod.name == name:
                return pod
        raise RefusalError(404, "NotFound", f'pods "{name}" not found')

    def delete(self, name: str) -> None:
        """Delete a Job with its pods, and the Jobs that it owns."""
        job = self.job(name)
        job.delete()
        for owned in [other.name for other in self.jobs() if job.uid in other.owners]:
            self.delete(owned)

    def _make_pod(self, metadata: Resource, spec: Resource) -> JobPod | None:
        account = spec.setdefault("serviceAccountName", "default")
        if account not in self._tokens:
            return None
        metadata["namespace"] = self.namespace
        folder = self._host.folder / "accounts" / account
        return JobPod(metadata, admit_pod(spec), self._host, folder, self._preempted(metadata))

    def _preempted(self, metadata: Resource) -> str | None:
        path = self._host.folder / FAULTS_FILE
        faults = PodFaults.model_validate_json(path.read_bytes()) if path.is_file() else PodFaults()
        labels = metadata["labels"]
        before = len(self.job(labels["job-name"]).pods)
        return faults.preempted.get(labels.get("step_name", "")) if before < faults.times else None

    def _write_account(self, account: str, token: str) -> None:
        folder = self._host.folder / "accounts" / account
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "token").write_text(token, encoding="utf-8")
        (folder / "namespace").write_text(self.namespace, encoding="utf-8")
        (folder / "ca.crt").write_bytes(self._host.authority.read_bytes())
