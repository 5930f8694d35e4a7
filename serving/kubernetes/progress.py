"""How far a SeldonDeployment is: whether it is available, and what keeps its pods."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from serving.kubernetes.manifest import deployment_name

AVAILABLE = "Available"
# these do not get better by waiting
HOPELESS = {
    "ImagePullBackOff",
    "InvalidImageName",
    "ErrImageNeverPull",
    "CreateContainerConfigError",
    "CreateContainerError",
    "RunContainerError",
}
CRASHING = "CrashLoopBackOff"
CRASHES = 2
STARTING = {"ContainerCreating", "PodInitializing"}

Resource = dict[str, Any]


def is_available(seldon: Resource) -> bool:
    """Whether every predictor of the resource as it is now has pods that are ready.

    Seldon's operator leaves `status.observedGeneration` unset and the former `Available` standing
    until it comes round: what shows that it saw the present spec is that its status counts pods of
    the present predictors, whose names change with their pods.
    """
    status, metadata = seldon.get("status") or {}, seldon["metadata"]
    seen = status.get("observedGeneration")
    if status.get("state") != AVAILABLE or (seen is not None and seen < metadata["generation"]):
        return False
    return {predictor["name"] for predictor in seldon["spec"]["predictors"]} <= available(seldon)


def available(seldon: Resource) -> set[str]:
    """The names of the predictors that have a pod that is ready."""
    return {name for name, (ready, _) in _pods(seldon).items() if ready > 0}


def fully_available(seldon: Resource) -> set[str]:
    """The names of the predictors all of whose pods are ready."""
    return {name for name, (ready, pods) in _pods(seldon).items() if ready >= pods > 0}


def _pods(seldon: Resource) -> dict[str, tuple[int, int]]:
    """How many pods of each predictor are ready, and how many there are."""
    told = (seldon.get("status") or {}).get("deploymentStatus") or {}
    found = {}
    for predictor in seldon["spec"]["predictors"]:
        of = told.get(deployment_name(seldon["metadata"]["name"], predictor["name"])) or {}
        found[predictor["name"]] = (of.get("availableReplicas", 0), of.get("replicas", 0))
    return found


def hopeless(pods: Sequence[Resource]) -> bool:
    """Whether a pod waits for what will not come, such as an image that does not exist."""
    return any(
        reason in HOPELESS or (reason == CRASHING and container.get("restartCount", 0) >= CRASHES)
        for pod in pods
        for container in _containers(pod)
        if (reason := _waiting(container).get("reason"))
    )


def problems(seldon: Resource, pods: Sequence[Resource], events: Sequence[Resource]) -> list[str]:
    """What keeps it from being available, in the cluster's own words, each once."""
    status = seldon.get("status") or {}
    found = [problem for pod in pods for problem in _pod_problems(pod)]
    names = [
        deployment_name(seldon["metadata"]["name"], predictor["name"])
        for predictor in seldon["spec"]["predictors"]
    ]
    if not found:
        # nothing of the pods, because there is none: quota, or what admission refuses
        found = [
            f"{event['reason']}: {_line(event.get('message'))}"
            for event in sorted(events, key=lambda e: e.get("lastTimestamp") or "")
            if event["involvedObject"]["name"].startswith(tuple(names))
        ]
    if description := status.get("description"):
        found.append(_line(description))
    return list(dict.fromkeys(found)) or [f"its state is {status.get('state') or 'not known'}"]


def age(pods: Sequence[Resource]) -> float | None:
    """Seconds since the first of the pods started."""
    starts = [start for pod in pods if (start := (pod.get("status") or {}).get("startTime"))]
    if not starts:
        return None
    return (datetime.now(UTC) - datetime.fromisoformat(min(starts))).total_seconds()


def _pod_problems(pod: Resource) -> Iterator[str]:
    for condition in (pod.get("status") or {}).get("conditions") or ():
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            yield f"{condition.get('reason')}: {_line(condition.get('message'))}"
    for container in _containers(pod):
        waiting = _waiting(container)
        reason = waiting.get("reason")
        ended = _ended(container)
        if ended and (reason is None or reason == CRASHING):
            words = _line(ended.get("message")) or "no word"
            yield f"container {container['name']} exits with {ended['exitCode']}: {words}"
        elif reason and reason not in STARTING:
            message = _line(waiting.get("message"))
            yield f"container {container['name']}: {reason}{message and ': ' + message}"
        elif "running" in (container.get("state") or {}) and not container.get("ready"):
            yield f"container {container['name']} runs and is not ready"


def _containers(pod: Resource) -> list[Resource]:
    status = pod.get("status") or {}
    return [
        *(status.get("initContainerStatuses") or ()),
        *(status.get("containerStatuses") or ()),
    ]


def _waiting(container: Resource) -> Resource:
    return (container.get("state") or {}).get("waiting") or {}


def _ended(container: Resource) -> Resource | None:
    """How the container ended, now or the last time, if it failed."""
    for state in (container.get("state") or {}, container.get("lastState") or {}):
        ended: Resource | None = state.get("terminated")
        if ended and ended.get("exitCode"):
            return ended
    return None


def _line(text: str | None) -> str:
    return " ".join((text or "").split())
