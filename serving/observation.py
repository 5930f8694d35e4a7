"""What a version's servers answered, read from their Prometheus metrics."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise

import requests
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from adclick.errors import AdclickError
from adclick.observation import Histogram, Observation

SECONDS = 2.0


def observe(url: str) -> Observation:
    """What the server at `url` answered so far; raises AdclickError when it does not say."""
    with requests.Session() as session:
        session.trust_env = False
        try:
            answer = session.get(f"{url}/metrics", timeout=SECONDS)
            answer.raise_for_status()
        except requests.RequestException as error:
            raise AdclickError(f"{url}/metrics: {type(error).__name__}") from error
    return parse_metrics(answer.text)


def parse_metrics(text: str) -> Observation:
    """The observation in an exposition of `serving.metrics`."""
    samples: defaultdict[str, list[Sample]] = defaultdict(list)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            samples[sample.name].append(sample)
    codes: defaultdict[str, int] = defaultdict(int)
    for sample in samples["adclick_requests_total"]:
        codes[sample.labels["code"][0]] += int(sample.value)
    return Observation(
        requests=sum(codes.values()),
        refused=codes["4"],
        failed=codes["5"],
        latency=_histogram(samples, "adclick_request_seconds"),
        scores=_histogram(samples, "adclick_score"),
        workers=int(_sum(samples["adclick_workers"])),
    )


def _histogram(samples: dict[str, list[Sample]], name: str) -> Histogram:
    up_to: defaultdict[float, int] = defaultdict(int)
    for sample in samples[f"{name}_bucket"]:
        up_to[float(sample.labels["le"])] += int(sample.value)
    if not up_to:
        return Histogram()
    bounds = tuple(sorted(up_to))
    below = [0, *(up_to[bound] for bound in bounds)]
    counts = tuple(b - a for a, b in pairwise(below))
    return Histogram(bounds, counts, _sum(samples[f"{name}_sum"]))


def _sum(samples: Iterable[Sample]) -> float:
    return float(sum(sample.value for sample in samples))
