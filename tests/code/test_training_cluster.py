from __future__ import annotations

import json

import pytest

from adclick.errors import AdclickError
from adclick.training.cluster import VARIABLE, Cluster, find_cluster

ADDRESSES = {"chief": ["a:2222"], "worker": ["b:2222", "c:2222"]}


def as_on_vertex(kind: str, index: int) -> str:
    """TF_CONFIG with the fields that Vertex AI adds to TensorFlow's."""
    task = {"type": kind, "index": index, "cloud": "w1", "trial": ""}
    return json.dumps({"cluster": ADDRESSES, "environment": "cloud", "job": {}, "task": task})


@pytest.mark.parametrize(
    ("kind", "index", "place"), [("chief", 0, 0), ("worker", 0, 1), ("worker", 1, 2)]
)
def test_each_worker_knows_its_place(
    monkeypatch: pytest.MonkeyPatch, kind: str, index: int, place: int
) -> None:
    monkeypatch.setenv(VARIABLE, as_on_vertex(kind, index))
    addresses = ("a:2222", "b:2222", "c:2222")
    assert find_cluster() == Cluster(addresses=addresses, place=place, task=f"{kind} {index}")


def test_without_a_cluster_one_process_trains(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert find_cluster().workers == 1
    monkeypatch.setenv(VARIABLE, "")
    assert find_cluster().workers == 1


def test_a_cluster_of_one_is_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = {"cluster": {"chief": ["a:2222"]}, "task": {"type": "chief", "index": 0}}
    monkeypatch.setenv(VARIABLE, json.dumps(alone))
    assert find_cluster() == Cluster()


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("{", "Invalid JSON"),
        (as_on_vertex("evaluator", 0), "task.type"),
        (as_on_vertex("worker", 2), "worker 2 is not in the cluster of 3"),
        (as_on_vertex("chief", 1), "chief 1 is not in the cluster of 3"),
        (json.dumps({"cluster": ADDRESSES}), "says no task"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    monkeypatch: pytest.MonkeyPatch, value: str, what: str
) -> None:
    monkeypatch.setenv(VARIABLE, value)
    with pytest.raises(AdclickError, match=what) as refused:
        find_cluster()
    assert VARIABLE in str(refused.value)
    assert "\n" not in str(refused.value)
