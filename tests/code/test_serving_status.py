"""What `run.py status` says, and what servers' metrics tell it."""

from __future__ import annotations

import math
from pathlib import Path

from serving.deployment import Role, Served, Status
from serving.observation import Histogram, Observation, parse_metrics

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


def test_nothing_serves() -> None:
    assert str(Status()) == "nothing serves"


def test_a_server_of_this_machine() -> None:
    served = Served("v1", healthy=True, pid=7, uptime=3600.0, memory=12_000_000, log=Path("l"))
    assert str(Status("http://here", (served,))) == (
        "serving at http://here\n  v1 (champion, 100 %): ready, pid 7, up 3,600 s, 12 MB, log l"
    )


def test_a_version_on_trial_and_the_way_back() -> None:
    champion = Served("v1", traffic=90, healthy=True)
    canary = Served("v2", Role.CANARY, 10, observed=parse_metrics(METRICS))
    status = Status("http://there", (champion, canary), former="v0")

    assert str(status).splitlines()[1:] == [
        "  v1 (champion, 90 %): ready",
        "  v2 (canary, 10 %): not ready, 100 requests, 3 failed, p99 <= 100 ms",
        "rollback brings back v0",
    ]
    assert (status.version, status.healthy, status.trial) == ("v1", True, canary)


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
