"""Emulated: a Job and its controller, which starts pods until one succeeds or too many failed.

It follows Kubernetes' pkg/controller/job/job_controller.go for a Job of one pod at a time. What it
waits before the next pod is shorter: Kubernetes begins with ten seconds.
"""

from __future__ import annotations

import copy
import threading
import uuid
from collections.abc import Callable
from typing import Any

from tests.kubernetes.emulated_job_pod import JobPod, now

BACK_OFF_SECONDS = 0.5

Resource = dict[str, Any]
# a new pod of these metadata and this specification; none while there may be none
MakePod = Callable[[Resource, Resource], JobPod | None]


class EmulatedJob:
    """A Job that runs from `start` until it is finished or deleted."""

    def __init__(self, stored: Resource, make_pod: MakePod) -> None:
        self.uid = str(uuid.uuid4())
        self.pods: list[JobPod] = []
        self.deleted = threading.Event()
        self._make_pod = make_pod
        self._stored = stored
        self._stored["metadata"] |= {"uid": self.uid, "creationTimestamp": now(), "generation": 1}
        self._labels = {
            f"{prefix}{name}": value
            for prefix in ("batch.kubernetes.io/", "")
            for name, value in (("controller-uid", self.uid), ("job-name", self.name))
        }
        self._status: Resource = {"startTime": now()}
        self._life = threading.Thread(target=self._live, daemon=True, name=self.name)

    @property
    def name(self) -> str:
        return str(self._stored["metadata"]["name"])

    @property
    def finished(self) -> bool:
        return "conditions" in self._status

    @property
    def owners(self) -> set[str]:
        """The uids of what it is deleted with."""
        return {owner["uid"] for owner in self._stored["metadata"].get("ownerReferences") or ()}

    def start(self) -> None:
        self._life.start()

    def delete(self) -> None:
        """Kill its pod; return when that is gone."""
        self.deleted.set()
        if threading.current_thread() is not self._life:
            self._life.join()

    def annotate(self, annotations: dict[str, str]) -> None:
        """Add to the annotations."""
        known = self._stored["metadata"].get("annotations") or {}
        self._stored["metadata"]["annotations"] = known | annotations

    def resource(self) -> Resource:
        """The Job as the API shows it."""
        job = copy.deepcopy(self._stored)
        ended = [pod for pod in self.pods if pod.phase in {"Succeeded", "Failed"}]
        counts = {
            "active": 0 if self.finished else len(self.pods) - len(ended),
            "succeeded": sum(pod.succeeded for pod in ended),
            "failed": sum(not pod.succeeded for pod in ended),
        }
        job["status"] = {**{name: count for name, count in counts.items() if count}, **self._status}
        job["spec"]["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": self.uid}}
        return {"apiVersion": "batch/v1", "kind": "Job", **job}

    def _live(self) -> None:
        self._run()
        seconds = self._stored["spec"].get("ttlSecondsAfterFinished")
        if seconds is not None and not self.deleted.wait(seconds):
            self.deleted.set()

    def _run(self) -> None:
        failures = 0
        while not self.deleted.is_set():
            pod = self._pod()
            if pod is None:
                self.deleted.wait(BACK_OFF_SECONDS)
                continue
            self.pods.append(pod)
            pod.run(self.deleted)
            if pod.succeeded:
                self._end(
                    "Complete", "CompletionsReached", "Reached expected number of succeeded pods"
                )
                return
            action, why = self._action(pod)
            if action == "FailJob":
                self._end("Failed", "PodFailurePolicy", why)
                return
            failures += action == "Count"
            if failures > self._stored["spec"]["backoffLimit"]:
                message = "Job has reached the specified backoff limit"
                self._end("Failed", "BackoffLimitExceeded", message)
                return
            self.deleted.wait(BACK_OFF_SECONDS * 2 ** max(failures - 1, 0))

    def _pod(self) -> JobPod | None:
        template = copy.deepcopy(self._stored["spec"]["template"])
        metadata = template.get("metadata") or {}
        owner = {"apiVersion": "batch/v1", "kind": "Job", "name": self.name, "uid": self.uid}
        metadata |= {
            "generateName": f"{self.name}-",
            "labels": (metadata.get("labels") or {}) | self._labels,
            "ownerReferences": [owner | {"controller": True, "blockOwnerDeletion": True}],
        }
        return self._make_pod(metadata, template["spec"])

    def _action(self, pod: JobPod) -> tuple[str, str]:
        """What the pod's failure means by the Job's policy, and the rule that says so."""
        rules = (self._stored["spec"].get("podFailurePolicy") or {}).get("rules") or ()
        for number, rule in enumerate(rules):
            if _matches(rule, pod):
                container = pod.spec["containers"][0]["name"]
                return rule["action"], (
                    f"Container {container} for pod {pod.name} failed with exit code "
                    f"{pod.exit_code} matching {rule['action']} rule at index {number}"
                )
        return "Count", ""

    def _end(self, kind: str, reason: str, message: str) -> None:
        first = "SuccessCriteriaMet" if kind == "Complete" else "FailureTarget"
        why = {"status": "True", "reason": reason, "message": message}
        times = {"lastProbeTime": now(), "lastTransitionTime": now()}
        if kind == "Complete":
            self._status["completionTime"] = now()
        self._status["conditions"] = [{"type": each, **why, **times} for each in (first, kind)]


def _matches(rule: Resource, pod: JobPod) -> bool:
    codes = rule.get("onExitCodes")
    if codes is None:
        wanted = [condition["type"] for condition in rule["onPodConditions"]]
        return pod.disrupted and "DisruptionTarget" in wanted
    # an exit code of 0 is no failure of a container
    found = pod.exit_code in codes["values"]
    return pod.exit_code != 0 and found == (codes["operator"] == "In")
