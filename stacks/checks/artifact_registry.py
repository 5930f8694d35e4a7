"""Checks of Artifact Registry: the repository that images go to, and images that must be there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self
from urllib.parse import quote

from stacks.checks.check import Check, Finding, fails, holds, not_checked
from stacks.checks.google import CREDENTIALS, Google
from stacks.checks.web import ApiError

APIS = ("artifactregistry.googleapis.com",)
API = "https://artifactregistry.googleapis.com/v1"
PERMISSIONS = tuple(f"artifactregistry.repositories.{v}Artifacts" for v in ("download", "upload"))
ADDRESS = re.compile(
    r"(?:https://)?(?P<location>[a-z0-9-]+)-docker\.pkg\.dev/(?P<project>[^/]+)/(?P<name>[^/@:]+)"
    r"(?:/(?P<image>[^@:]+)(?:@(?P<digest>sha256:\w+)|:(?P<tag>[\w.-]+))?)?"
)
FORM = "LOCATION-docker.pkg.dev/PROJECT/REPOSITORY"
MISSING = 404


@dataclass(frozen=True)
class Repository:
    """A repository of Artifact Registry, by its address."""

    location: str
    project: str
    name: str

    @classmethod
    def of(cls, address: str) -> Self | None:
        """The repository in an address of a repository or image, unless it is none."""
        found = ADDRESS.fullmatch(address.rstrip("/"))
        return cls(found["location"], found["project"], found["name"]) if found else None

    @property
    def path(self) -> str:
        """Its resource name."""
        return f"projects/{self.project}/locations/{self.location}/repositories/{self.name}"

    @property
    def flags(self) -> str:
        """What gcloud wants beside its name."""
        return f"--location={self.location} --project={self.project}"


def registry_check(google: Google, address: str) -> Check:
    """Whether images can be pushed to the repository."""
    return Check("registry", lambda: _registry(google, address), (CREDENTIALS,))


def image_check(google: Google, name: str, address: str) -> Check:
    """Whether an image that was built before is there; `name` says what it is for."""
    return Check(name, lambda: _image(google, address), (CREDENTIALS,))


def _registry(google: Google, address: str) -> Finding:
    repository = Repository.of(address)
    if repository is None:
        return fails(
            f"{address} is no repository of Artifact Registry, which is {FORM}",
            f"export ADCLICK_REGISTRY={FORM}",
        )
    try:
        kept = google.get(f"{API}/{repository.path}")
    except ApiError as error:
        if error.status == MISSING:
            return fails("there is no such repository", _create(repository, repository.name))
        return google.refused(error, "roles/artifactregistry.reader")
    kind, mode = kept.get("format"), kept.get("mode", "STANDARD_REPOSITORY")
    if (kind, mode) != ("DOCKER", "STANDARD_REPOSITORY"):
        other = f"{repository.name}-docker"
        return fails(
            f"its format is {kind} ({mode}), images need DOCKER (STANDARD_REPOSITORY): make "
            f"another and set ADCLICK_REGISTRY",
            _create(repository, other),
        )
    return _writable(google, repository)


def _writable(google: Google, repository: Repository) -> Finding:
    url = f"{API}/{repository.path}:testIamPermissions"
    held = google.post(url, {"permissions": list(PERMISSIONS)}).get("permissions", ())
    lacking = [permission for permission in PERMISSIONS if permission not in held]
    if lacking:
        return fails(
            f"{google.account} lacks {', '.join(lacking)}",
            f"gcloud artifacts repositories add-iam-policy-binding {repository.name} "
            f"{repository.flags} --member={google.member} --role=roles/artifactregistry.writer",
        )
    return holds(f"{repository.name} in {repository.location}")


def _create(repository: Repository, name: str) -> str:
    return (
        f"gcloud artifacts repositories create {name} --repository-format=docker {repository.flags}"
    )


def _image(google: Google, address: str) -> Finding:
    found, repository = ADDRESS.fullmatch(address), Repository.of(address)
    if found is None or repository is None or not found["image"]:
        return not_checked(f"{address} is no image in Artifact Registry")
    image = quote(found["image"], safe="")
    by_digest, by_tag = f"dockerImages/{image}@{found['digest']}", f"packages/{image}/tags"
    kept = by_digest if found["digest"] else f"{by_tag}/{found['tag'] or 'latest'}"
    try:
        google.get(f"{API}/{repository.path}/{kept}")
    except ApiError as error:
        if error.status == MISSING:
            return fails(
                f"there is no {address}",
                f"gcloud artifacts docker images list {repository.location}-docker.pkg.dev/"
                f"{repository.project}/{repository.name} --include-tags",
            )
        return google.refused(error, "roles/artifactregistry.reader")
    return holds(f"{found['image']} {(found['digest'] or found['tag'] or 'latest')[:19]}")
