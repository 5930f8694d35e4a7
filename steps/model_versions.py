"""Model versions in ZenML: who is in production, who waits to be deployed."""

from __future__ import annotations

from uuid import UUID

from zenml import Tag, add_tags
from zenml.client import Client
from zenml.enums import ModelStages
from zenml.models import ArtifactVersionResponse, ModelVersionResponse

from adclick.errors import AdclickError
from adclick.evaluation.champion import Champion
from adclick.training.start import Start

BUNDLE = "serving_bundle"
FINGERPRINT = "fingerprint"
JUDGED_AGAINST = "judged_against"
PROMOTE = "promote"
REASON = "reason"
IN_PRODUCTION = "in_production_since"
TAKEN_BACK = "taken_back"


def model_name(schema_name: str) -> str:
    """The ZenML model that learns logs of this schema: champions meet challengers of their kind."""
    return f"adclick-{schema_name}"


def in_stage(model: str, stage: ModelStages) -> ModelVersionResponse | None:
    """The model's version in a stage, if there is one."""
    return next(iter(_versions(model, stage=stage)), None)


def in_production(model: str) -> ModelVersionResponse:
    """The champion; raises AdclickError where no version is in production."""
    version = in_stage(model, ModelStages.PRODUCTION)
    if version is not None:
        return version
    if all_versions(model):
        raise AdclickError(f"{model} has no version in production: run --pipeline deployment first")
    raise AdclickError(f"{model} has no version yet: run --pipeline training first")


def named(model: str, version: str) -> ModelVersionResponse | None:
    """The model's version of this name, if there is one."""
    return next(iter(_versions(model, name=version)), None)


def all_versions(model: str) -> list[ModelVersionResponse]:
    """The model's versions, the newest first."""
    return _versions(model, sort_by="desc:created")


def create(model: str, version: str) -> ModelVersionResponse:
    """A new version of the model, which is made with its first."""
    client = Client()
    if not client.list_models(name=model).items:
        client.create_model(name=model, description="Probability that a customer clicks an ad")
    return client.create_model_version(model, name=version)


def bundle_of(version: ModelVersionResponse) -> ArtifactVersionResponse:
    """The serving bundle that a version is; raises AdclickError where it has none."""
    return artifact_of(version, BUNDLE)


def artifact_of(version: ModelVersionResponse, name: str) -> ArtifactVersionResponse:
    """The artifact of this name that a version was made from; raises AdclickError without one."""
    found = version.get_artifact(name)
    if found is None:
        raise AdclickError(
            f"version {version.name} has no {name}: run --pipeline training --no-cache"
        )
    return found


def mark_newest(model: str, artifact: ArtifactVersionResponse) -> None:
    """Note that the model's last training used this artifact, be it new or from the cache."""
    add_tags([Tag(name=_newest(model), exclusive=True)], artifact_version_id=artifact.id)


def newest(model: str, artifact: str) -> ArtifactVersionResponse | None:
    """The artifact of this name that the model's last training used, if there was one."""
    found = Client().list_artifact_versions(artifact=artifact, tags=[_newest(model)])
    return next(iter(found.items), None)


def _newest(model: str) -> str:
    return f"newest of {model}"


def champion_for(model: str, fingerprint: str) -> Champion:
    """Who a challenger with this fingerprint has to beat: the version in production.

    A challenger that *is* in production is judged against whom it was judged before, so that
    training nothing new leaves evaluation and decision as they were.
    """
    production = in_stage(model, ModelStages.PRODUCTION)
    if production is None:
        return Champion()
    if str(production.run_metadata.get(FINGERPRINT)) != fingerprint:
        return _champion(production)
    former = str(production.run_metadata.get(JUDGED_AGAINST, ""))
    version = named(model, former) if former else None
    return _champion(version) if version else Champion()


def load_champion_bundle(champion: Champion) -> object | None:
    """The champion's bundle, if there is a champion."""
    if champion.bundle is None:
        return None
    return Client().get_artifact_version(UUID(champion.bundle)).load()


def start_for(model: str, month: str) -> Start:
    """What a training on months up to `month` begins with: the last champion of earlier ones.

    That is the version in production, or one before it where that was trained on these months
    already: training again then begins with the same weights, and yields the same model.
    """
    champions = [
        version
        for version in _versions(model)
        if version.run_metadata.get(IN_PRODUCTION) and not version.run_metadata.get(TAKEN_BACK)
    ]
    champions.sort(key=lambda version: str(version.run_metadata[IN_PRODUCTION]), reverse=True)
    for version in champions:
        split = artifact_of(version, "split").load()
        if max(split.training.months) < month:
            return Start(
                version=version.name,
                model=str(artifact_of(version, "click_model").id),
                encoder=str(artifact_of(version, "feature_encoder").id),
            )
    return Start()


def _champion(version: ModelVersionResponse) -> Champion:
    return Champion(version=version.name, bundle=str(bundle_of(version).id))


def _versions(model: str, **criteria: object) -> list[ModelVersionResponse]:
    return list(Client().list_model_versions(model=model, hydrate=True, **criteria).items)
