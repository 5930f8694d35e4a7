"""Check of Vertex AI's own quotas of GPUs, which are not those of Compute Engine."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from stacks.checks.check import Check, Finding, fails, holds
from stacks.checks.google import CREDENTIALS, Google
from stacks.checks.web import ApiError

SERVICE = "aiplatform.googleapis.com"
USAGE = "https://serviceusage.googleapis.com/v1beta1"
# as quotas call Vertex AI's accelerators: in metrics in lower case, in quota ids without the _
NAMES = {
    "NVIDIA_TESLA_P4": "P4",
    "NVIDIA_TESLA_P100": "P100",
    "NVIDIA_TESLA_T4": "T4",
    "NVIDIA_TESLA_V100": "V100",
    "NVIDIA_L4": "L4",
    "NVIDIA_TESLA_A100": "A100",
    "NVIDIA_A100_80GB": "A100_80GB",
    "NVIDIA_H100_80GB": "H100",
    "NVIDIA_H100_MEGA_80GB": "H100_MEGA",
    "NVIDIA_H200_141GB": "H200",
    "NVIDIA_B200": "B200",
}
UNLIMITED = -1
MISSING = 404


def quota_check(google: Google, region: str, gpu: str, need: int, *, spot: bool) -> Check:
    """Whether training may have `need` GPUs at a time; spot ones have a quota of their own."""
    name = f"quota of {'spot ' if spot else ''}{gpu}"
    return Check(name, lambda: _quota(google, region, gpu, need, spot), (CREDENTIALS,))


def _quota(google: Google, region: str, gpu: str, need: int, spot: bool) -> Finding:
    if gpu not in NAMES:
        return fails(
            f"Vertex AI trains on no {gpu}; there are {', '.join(NAMES)}",
            "gcloud compute accelerator-types list",
        )
    metric = f"{SERVICE}/custom_model_training_{_kind(spot, '_')}nvidia_{NAMES[gpu].lower()}_gpus"
    path = f"projects/{google.project}/services/{SERVICE}/consumerQuotaMetrics"
    try:
        limit = _limit(google.get(f"{USAGE}/{path}/{quote(metric, safe='')}"), region)
    except ApiError as error:
        if error.status != MISSING:
            return google.refused(error, "roles/serviceusage.serviceUsageConsumer")
        limit = 0
    if limit == UNLIMITED:
        return holds(f"unlimited in {region}, {need} asked for")
    if limit < need:
        return fails(
            f"{limit} in {region}, {need} asked for", _request(google, region, gpu, need, spot)
        )
    return holds(f"{limit} in {region}, {need} asked for")


def _limit(metric: dict[str, Any], region: str) -> int:
    """What holds in the region: the bucket of its own, else the one for all regions.

    Buckets come with the least specific first. A limit of nothing is left out of the JSON.
    """
    limit = 0
    for bucket in (
        b for of in metric.get("consumerQuotaLimits", ()) for b in of.get("quotaBuckets", ())
    ):
        dimensions = bucket.get("dimensions", {})
        if dimensions in ({}, {"region": region}):
            limit = int(bucket.get("effectiveLimit", 0))
    return limit


def _request(google: Google, region: str, gpu: str, need: int, spot: bool) -> str:
    kind = f"{_kind(spot, '').title()}{NAMES[gpu].replace('_', '')}"
    return (
        f"gcloud beta quotas preferences create --service={SERVICE} --project={google.project} "
        f"--quota-id=CustomModelTraining{kind}GPUsPerProjectPerRegion --preferred-value={need} "
        f"--dimensions=region={region} --email={google.account}"
    )


def _kind(spot: bool, separator: str) -> str:
    return f"preemptible{separator}" if spot else ""
