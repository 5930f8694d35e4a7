"""ZenML's model stages follow what serves: the champion is in production, a trial is staged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from zenml import log_metadata
from zenml.enums import ModelStages
from zenml.metadata.metadata_types import MetadataType

from adclick.errors import AdclickError
from serving.deployment import Status
from steps.model_versions import IN_PRODUCTION, TAKEN_BACK, named


def follow(
    model: str, status: Status, left: Iterable[str] = (), taken_back: str | None = None
) -> Mapping[str, ModelStages]:
    """Put the model's versions into the stages that `status` asks for; returns those by version.

    The versions in `left` served before: those that do no more are archived, and with the reason
    `taken_back` noted as such, so that training them again does not stage them. ZenML archives
    whatever else was in production or staged. Raises AdclickError when it does not know a version
    that serves.
    """
    wanted = stages(status, left)
    for name, stage in wanted.items():
        version = named(model, name)
        if version is None:
            if stage == ModelStages.ARCHIVED:
                continue
            raise AdclickError(
                f"version {name} serves, but {model} has no such version in ZenML: take it back "
                "with `run.py rollback --version NAME`"
            )
        if version.stage == stage:
            continue
        if note := _note(stage, version.run_metadata, taken_back):
            log_metadata(note, model_version_id=version.id)
        version.set_stage(stage, force=True)
    return wanted


def stages(status: Status, left: Iterable[str] = ()) -> Mapping[str, ModelStages]:
    """The stage of each version that serves, and of those that served before, by version."""
    gone = dict.fromkeys(left, ModelStages.ARCHIVED)
    staged = {status.trial.version: ModelStages.STAGING} if status.trial else {}
    champion = {status.version: ModelStages.PRODUCTION} if status.version else {}
    return {**gone, **staged, **champion}


def _note(
    stage: ModelStages, known: Mapping[str, MetadataType], taken_back: str | None
) -> dict[str, MetadataType]:
    """What is to be remembered of a version that comes into this stage."""
    if stage == ModelStages.ARCHIVED:
        return {TAKEN_BACK: taken_back} if taken_back else {}
    again: dict[str, MetadataType] = {TAKEN_BACK: ""} if known.get(TAKEN_BACK) else {}
    if stage == ModelStages.PRODUCTION:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        return {IN_PRODUCTION: now, **again}
    return again
