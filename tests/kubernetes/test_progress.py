"""Whether a SeldonDeployment is available, and what the cluster says when it is not."""

from __future__ import annotations

from typing import Any

import pytest

from serving.kubernetes.progress import hopeless, is_available, problems


def seldon(predictors: tuple[str, ...] = ("vnew",), **status: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "ads", "generation": 2},
        "spec": {"predictors": [{"name": name} for name in predictors]},
        "status": status,
    }


def counted(**replicas: int) -> dict[str, dict[str, int]]:
    return {f"ads-{name}-0-model": {"availableReplicas": n} for name, n in replicas.items()}


def pod(state: dict[str, Any], **container: Any) -> dict[str, Any]:
    return {"status": {"containerStatuses": [{"name": "model", "state": state, **container}]}}


@pytest.mark.parametrize(
    ("resource", "available"),
    [
        ({"metadata": {"name": "ads", "generation": 1}, "spec": {"predictors": []}}, False),
        (seldon(state="Available", deploymentStatus=counted(vnew=1)), True),
        (seldon(state="Available", deploymentStatus=counted(vold=1)), False),
        (seldon(state="Available", deploymentStatus=counted(vold=1, vnew=0)), False),
        (seldon(state="Creating", deploymentStatus=counted(vnew=1)), False),
        (seldon(("a", "b"), state="Available", deploymentStatus=counted(a=1)), False),
        (seldon(("a", "b"), state="Available", deploymentStatus=counted(a=1, b=2)), True),
        (
            seldon(state="Available", deploymentStatus=counted(vnew=1), observedGeneration=1),
            False,
        ),
        (seldon(state="Available", deploymentStatus=counted(vnew=1), observedGeneration=2), True),
    ],
)
def test_available_is_what_is_so_of_the_present_spec(
    resource: dict[str, Any], available: bool
) -> None:
    assert is_available(resource) is available


@pytest.mark.parametrize(
    ("state", "restarts", "expected"),
    [
        ({"waiting": {"reason": "ContainerCreating"}}, 0, False),
        ({"waiting": {"reason": "ErrImagePull"}}, 0, False),
        ({"waiting": {"reason": "ImagePullBackOff"}}, 0, True),
        ({"waiting": {"reason": "CreateContainerConfigError"}}, 0, True),
        ({"waiting": {"reason": "CrashLoopBackOff"}}, 1, False),
        ({"waiting": {"reason": "CrashLoopBackOff"}}, 2, True),
        ({"running": {}}, 0, False),
    ],
)
def test_what_waiting_does_not_mend(state: dict[str, Any], restarts: int, expected: bool) -> None:
    assert hopeless([pod(state, restartCount=restarts)]) is expected


def test_problems_are_told_once_in_a_line() -> None:
    crashed = {"terminated": {"exitCode": 3, "message": "bundle b\ncannot be served"}}
    crash = pod({"waiting": {"reason": "CrashLoopBackOff"}}, lastState=crashed)
    missing = pod({"waiting": {"reason": "ImagePullBackOff", "message": "no image"}})
    found = problems(seldon(description="not  progressing"), [crash, crash, missing], [])
    assert found == [
        "container model exits with 3: bundle b cannot be served",
        "container model: ImagePullBackOff: no image",
        "not progressing",
    ]


def test_a_pod_that_never_gets_ready_and_one_that_has_no_node() -> None:
    assert problems(seldon(), [pod({"running": {}}, ready=False)], []) == [
        "container model runs and is not ready"
    ]
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    pending = {"status": {"conditions": [{**condition, "message": "0/3 nodes"}]}}
    assert problems(seldon(), [pending], []) == ["Unschedulable: 0/3 nodes"]


def test_events_speak_where_there_is_no_pod() -> None:
    def event(name: str, message: str) -> dict[str, Any]:
        return {"reason": "FailedCreate", "involvedObject": {"name": name}, "message": message}

    events = [event("ads-vnew-0-model-5d9", "exceeded quota"), event("other", "not ours")]
    assert problems(seldon(), [], events) == ["FailedCreate: exceeded quota"]
    assert problems(seldon(state="Creating"), [], []) == ["its state is Creating"]
