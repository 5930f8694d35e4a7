"""Checks of a bucket in Cloud Storage: there, in the steps' region, and open to who asks."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlsplit

from stacks.checks.check import Check, Finding, fails, holds
from stacks.checks.google import CREDENTIALS, Google
from stacks.checks.subject import Subject
from stacks.checks.web import ApiError

APIS = ("storage.googleapis.com",)
PERMISSIONS = tuple(f"storage.objects.{verb}" for verb in ("create", "delete", "get", "list"))
MISSING = 404


def bucket_checks(subject: Subject, url: str) -> list[Check]:
    """Whether the bucket of a gs:// URL can be used from the region of the stack's steps."""
    name = str(urlsplit(url).netloc)
    bucket, google, region = f"bucket {name}", subject.google, subject.region
    return [
        Check(bucket, lambda: _place(google, name, region), (CREDENTIALS,)),
        Check(f"rights to {bucket}", lambda: _rights(google, name), (CREDENTIALS,)),
    ]


def _place(google: Google, name: str, region: str) -> Finding:
    try:
        bucket = google.get(_address(name))
    except ApiError as error:
        if error.status == MISSING:
            return fails(
                "there is no such bucket",
                f"gcloud storage buckets create gs://{name} --project={google.project} "
                f"--location={region or 'REGION'} --uniform-bucket-level-access",
            )
        if error.status == 403 and not error.off:
            return fails(error.message, _grant(google, name, "roles/storage.bucketViewer"))
        raise
    location = bucket["location"].lower()
    if not _holds_data_in(bucket, region):
        return fails(
            f"in {location}, but steps run in {region}: each would read and write across, which "
            "is slow and costs",
            f"gcloud storage buckets relocate gs://{name} --location={region}",
        )
    return holds(f"in {location}")


def _holds_data_in(bucket: dict[str, Any], region: str) -> bool:
    location = bucket["location"].lower()
    if not region:
        return True
    if bucket.get("locationType") == "multi-region":
        # eu, us, asia
        return region.startswith(location)
    places = bucket.get("customPlacementConfig", {}).get("dataLocations", [location])
    return region in [place.lower() for place in places]


def _rights(google: Google, name: str) -> Finding:
    url = f"{_address(name)}/iam/testPermissions"
    held = google.get(url, permissions=list(PERMISSIONS)).get("permissions", ())
    lacking = [permission for permission in PERMISSIONS if permission not in held]
    if lacking:
        return fails(
            f"{google.account} lacks {', '.join(lacking)}",
            _grant(google, name, "roles/storage.objectUser"),
        )
    return holds("read, write, list and delete")


def _grant(google: Google, name: str, role: str) -> str:
    return (
        f"gcloud storage buckets add-iam-policy-binding gs://{name} "
        f"--member={google.member} --role={role}"
    )


def _address(name: str) -> str:
    return f"https://storage.googleapis.com/storage/v1/b/{quote(name, safe='')}"
