"""What `run.py status` says, and what servers' metrics tell it."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

from adclick.observation import Histogram, Observation
from serving.deployment import Role, Served, Status
from serving.observation import parse_metrics
from serving.status_table import rates, status_now, status_table

METRICS = """\
# TYPE adclick_requests_total counter
adclick_requests_total{model_version="v1",code="200"} 90.0
adclick_requests_total{model_version="v1",code="422"} 7.0
adclick_requests_total{model_version="v1",code="500"} 3.0
# TYPE adclick_request_seconds histogram
adclick_request_seconds_bucket{model_version="v1",le="0.001"} 50.0
adclick_request_seconds_bucket{model_version="v1",le="0.1"} 99.0
adclick_request_seconds_bucket{model_version="v1",le="+Inf"} 100.0
adclick_request_seconds_sum{model_version="v1"} 1.5
"""


def observed(requests: int, **more: Any) -> Observation:
    return Observation(requests, latency=Histogram((0.001, math.inf), (requests, 0), 0.1), **more)


def told(status: Status, **per_second: float) -> list[list[str]]:
    """The table's lines, each as its cells."""
    return [
        re.split(r" {2,}", line.strip()) for line in status_table(status, per_second).split("\n")
    ]


def test_nothing_serves() -> None:
    assert status_now(Status) == "nothing serves"


def test_a_server_of_this_machine() -> None:
    served = Served("v1", healthy=True, pid=7, uptime=3600.0, memory=12_000_000, log=Path("l"))
    address, heads, row, log = told(Status("http://here", (served,)))
    assert (address, log) == (["serving at http://here"], ["log of v1: l (pid 7)"])
    assert dict(zip(heads, row, strict=True)) == {
        **dict.fromkeys(heads, "-"),
        **{"version": "v1", "role": "champion", "traffic": "100 %", "ready": "yes"},
        **{"up": "3,600 s", "memory": "12 MB"},
    }


def test_a_version_on_trial_and_the_way_back() -> None:
    champion = Served("v1", traffic=90, healthy=True)
    canary = Served("v2", Role.CANARY, 10, answered={"a": parse_metrics(METRICS)})
    status = Status("http://there", (champion, canary), former="v0", warning="beware")

    _, heads, _, row, former, warning = told(status, v2=12.34)
    assert dict(zip(heads, row, strict=True)) == {
        **{"version": "v2", "role": "canary", "traffic": "10 %", "ready": "no"},
        **{"up": "-", "memory": "-", "requests": "100", "per s": "12.3"},
        **{"refused": "7", "failed": "3", "p50": "<= 1 ms", "p99": "<= 100 ms", "mean score": "-"},
    }
    assert former == ["rollback brings back v0"]
    assert warning == ["warning: beware"]
    assert (status.version, status.healthy, status.trial) == ("v1", True, canary)


def test_rates_are_of_the_time_between_two_looks() -> None:
    first = Served("v1", answered={"gone": observed(10), "a": observed(60), "b": observed(40)})
    before = Status("u", (first, Served("v2", Role.CANARY)))
    second = Served("v1", answered={"a": observed(70), "b": observed(80), "new": observed(10)})
    after = Status("u", (second, Served("v2", Role.CANARY, answered={"c": observed(9)})))
    assert second.observed and second.observed.requests == 160
    assert rates(before, after, 2.0) == {"v1": 25.0}


def test_metrics_are_read_as_they_were_counted() -> None:
    bounds = (0.001, 0.1, math.inf)
    observed = parse_metrics(METRICS)

    assert observed == Observation(100, 7, 3, Histogram(bounds, (50, 49, 1), 1.5), Histogram())
    assert observed.latency.mean == 0.015
    assert [observed.latency.quantile(q) for q in (0.5, 0.51, 1.0)] == list(bounds)
    assert observed.since(observed) == Observation(
        latency=Histogram(bounds, (0, 0, 0)), scores=Histogram()
    )
    assert math.isnan(Histogram().mean)
