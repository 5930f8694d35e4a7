"""Emulated: the variables by which Vertex AI tells the replicas of a training job of each other.

Their form: https://cloud.google.com/vertex-ai/docs/training/distributed-training. All replicas are
on this machine, so each has a port of its own instead of a host name.
"""

from __future__ import annotations

import json
import socket
from contextlib import ExitStack

from tests.gcp.cloud.vertex.task import Task

_ROLES = {"workerpool0": "chief", "workerpool1": "worker"}


def variables(task: Task, uuid: str) -> list[dict[str, str]]:
    """For each replica, the primary one first, what its environment has more than the task's.

    TF_CONFIG is there for distributed jobs alone. Tasks that are no training jobs have nothing.
    """
    if task.custom_job_spec is None:
        return [{}]
    pools = {f"workerpool{number}": count for number, count in enumerate(task.pools())}
    addresses = iter(_free_addresses(task.replicas))
    cluster = {pool: [next(addresses) for _ in range(count)] for pool, count in pools.items()}
    places = [(pool, index) for pool, count in pools.items() for index in range(count)]
    return [_of_replica(task, uuid, cluster, pool, index) for pool, index in places]


def replica_names(task: Task) -> list[str]:
    """The names of the replicas, as they are in Vertex AI's messages."""
    pools = enumerate(task.pools())
    return [f"workerpool{pool}-{index}" for pool, count in pools for index in range(count)]


def _of_replica(
    task: Task, uuid: str, cluster: dict[str, list[str]], pool: str, index: int
) -> dict[str, str]:
    common = {"environment": "cloud", "job": task.job()}
    spec = common | {"cluster": cluster, "task": {"type": pool, "index": index, "trial": ""}}
    found = {"CLUSTER_SPEC": json.dumps(spec), "CLOUD_ML_JOB_ID": uuid}
    if task.replicas > 1:
        config = common | {
            "cluster": {_ROLES[name]: addresses for name, addresses in cluster.items()},
            "task": {"type": _ROLES[pool], "index": index, "cloud": f"{uuid}-{pool}-{index}"},
        }
        found["TF_CONFIG"] = json.dumps(config)
    return found


def _free_addresses(count: int) -> list[str]:
    with ExitStack() as taken:
        sockets = [taken.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]
