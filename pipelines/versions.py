"""Which artifacts of earlier runs a pipeline starts from."""

from __future__ import annotations

from collections.abc import Iterable

from zenml.client import Client
from zenml.enums import ModelStages
from zenml.models import ArtifactVersionResponse, ModelVersionResponse

from adclick.errors import AdclickError
from steps.model_versions import (
    all_versions,
    artifact_of,
    bundle_of,
    in_production,
    in_stage,
    named,
)
from steps.model_versions import newest as newest_artifact

MOST_NAMED = 5


def may_deploy(model: str) -> bool:
    """Whether a version is staged or in production."""
    return _deployable(model) is not None


def bundle_to_deploy(model: str) -> ArtifactVersionResponse:
    """The bundle of the staged version, else of the one in production.

    Raises AdclickError when no version may be deployed.
    """
    version = _deployable(model)
    if version is None:
        raise AdclickError(
            f"{model} has no version that may be deployed: run --pipeline training until a "
            "challenger is promoted"
        )
    return bundle_of(version)


def newest(model: str, artifact: str) -> ArtifactVersionResponse:
    """The artifact of this name that the model was last trained with, whatever became of it."""
    found = newest_artifact(model, artifact)
    if found is None:
        raise AdclickError(f"{model} has no version yet: run --pipeline training first")
    return found


def of_champion(model: str, artifact: str) -> ArtifactVersionResponse:
    """The artifact of this name that the version in production was made from."""
    return artifact_of(in_production(model), artifact)


def champion_then(model: str) -> ModelVersionResponse:
    """Within a pipeline: who is in production when a step runs, which a schedule starts later.

    Raises AdclickError where nobody is now.
    """
    bundle_of(in_production(model))
    # ZenML's client looks nothing up while a pipeline is put together, but when a step needs it
    return Client().get_model_version(model, ModelStages.PRODUCTION)


def of_version(model: str, version: str | None, artifact: str) -> ArtifactVersionResponse:
    """The artifact of this name that a version was made from, by default the one in production.

    Raises AdclickError when there is no such version.
    """
    if version is None:
        return of_champion(model, artifact)
    return artifact_of(version_named(model, version), artifact)


def version_named(model: str, name: str) -> ModelVersionResponse:
    """The version of this name; raises AdclickError when there is none."""
    version = named(model, name)
    if version is None:
        raise AdclickError(f"{model} has no version {name}: it has {known_versions(model)}")
    return version


def known_versions(model: str) -> str:
    """The newest versions with their stages, for a message."""
    return shortened(f"{v.name} ({v.stage or 'kept back'})" for v in all_versions(model))


def shortened(names: Iterable[str]) -> str:
    """The first of these names, and how many there are besides."""
    found = list(names)
    more = len(found) - MOST_NAMED
    return ", ".join(found[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "") or "none"


def _deployable(model: str) -> ModelVersionResponse | None:
    return in_stage(model, ModelStages.STAGING) or in_stage(model, ModelStages.PRODUCTION)
