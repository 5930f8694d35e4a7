"""Emulated: how requests reach pods, through Istio's gateway and through the API's proxy."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import requests

from serving.protocol import SCORE_NAME
from tests.kubernetes.emulated_pod import EmulatedPod

if TYPE_CHECKING:
    from tests.kubernetes.emulated_cluster import EmulatedCluster

TRIES = 3


@dataclass(frozen=True)
class Answer:
    """What a pod answered, or the one before it."""

    code: int
    body: bytes = b"{}"
    kind: str = "application/json"


def ask_pod(pod: EmulatedPod, method: str, path: str, body: bytes, content: str) -> Answer:
    """What the pod answers; a 503 in the API server's words when it does not."""
    url = f"http://127.0.0.1:{pod.port}/{path}"
    try:
        answer = requests.request(
            method, url, data=body, headers={"Content-Type": content}, timeout=10
        )
    except requests.RequestException:
        return Answer(503, b"error trying to reach service: connection refused")
    return Answer(answer.status_code, answer.content, answer.headers["Content-Type"])


def through_gateway(
    cluster: EmulatedCluster, name: str, method: str, path: str, body: bytes, content: str
) -> Answer:
    """As Istio's route: the prefix is cut off, the weights choose, and the mirror gets a copy."""
    if cluster.faults.misses:
        cluster.faults.misses -= 1
        return Answer(503)
    answer = Answer(404)
    # a pod that is told to stop answers on for the seconds of its preStop hook, but not here
    for _ in range(TRIES):
        routes = cluster.routes.get(name)
        if routes is None or cluster.faults.no_route:
            return Answer(404)
        chosen, mirror = routes.next()
        words = (method, path, body, content)
        if mirror in cluster.pods:
            threading.Thread(target=ask_pod, args=(cluster.pods[mirror], *words)).start()
        pod = cluster.pods.get(chosen)
        answer = ask_pod(pod, *words) if pod else Answer(503)
        if answer.code != 503:
            break
    return _spoilt(answer, cluster.faults.wrong_scores_of)


def _spoilt(answer: Answer, version: str | None) -> Answer:
    if version is None or answer.code != 200:
        return answer
    content: dict[str, Any] = json.loads(answer.body)
    if content.get("meta", {}).get("tags", {}).get("model_version") != version:
        return answer
    content["jsonData"][SCORE_NAME] = [score + 0.1 for score in content["jsonData"][SCORE_NAME]]
    return replace(answer, body=json.dumps(content).encode())
