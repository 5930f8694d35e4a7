"""The challenger as a model version in ZenML, staged if it may be deployed."""

from typing import Annotated

from zenml import log_metadata, step
from zenml.enums import ModelStages
from zenml.model.utils import link_artifact_version_to_model_version
from zenml.steps import get_step_context

from adclick.adlog import AdLog
from adclick.bundle.bundle import ServingBundle
from adclick.card.card import ModelCard
from adclick.evaluation.evaluation import CHALLENGER
from adclick.release import Release
from adclick.splitting import Split
from steps.model_versions import (
    FINGERPRINT,
    JUDGED_AGAINST,
    PROMOTE,
    REASON,
    TAKEN_BACK,
    create,
    mark_newest,
    named,
)


@step(enable_cache=False)
def register(
    model: str,
    fingerprint: str,
    bundle: ServingBundle,
    log: AdLog,
    split: Split,
    card: ModelCard,
) -> Annotated[Release, "release"]:
    """Make the model version once, link all that this run made, and stage it if it may be deployed.

    Training that yields what is already in production, or was taken back from there or from its
    trial, leaves that version as it is.
    """
    inputs = get_step_context().step_run.inputs
    for artifact in (*inputs["log"], *inputs["split"]):
        mark_newest(model, artifact)
    known = named(model, bundle.version)
    if known is not None and known.stage == ModelStages.PRODUCTION:
        return Release(model=model, version=bundle.version, status="in production")
    if known is not None and (reason := known.run_metadata.get(TAKEN_BACK)):
        return Release(model=model, version=bundle.version, status="taken back", reason=str(reason))
    version = known or create(model, bundle.version)
    for earlier in get_step_context().pipeline_run.steps.values():
        for artifact in (one for made in earlier.outputs.values() for one in made):
            link_artifact_version_to_model_version(artifact, version)
    challenger = card.evaluation.model(CHALLENGER)
    assert challenger is not None
    log_metadata(
        {
            **{name: figure.value for name, figure in challenger.metrics.items()},
            **card.lineage.metadata(),
            "serving": card.serving.model_dump(mode="json"),
            PROMOTE: card.decision.promote,
            REASON: card.decision.reason,
            FINGERPRINT: fingerprint,
            JUDGED_AGAINST: card.lineage.judged_against or "",
        },
        model_version_id=version.id,
    )
    if not card.decision.promote:
        if version.stage == ModelStages.STAGING:
            # an earlier decision allowed it and no deployment came
            version.set_stage(ModelStages.ARCHIVED, force=True)
        return Release(model=model, version=bundle.version, status="kept back")
    version.set_stage(ModelStages.STAGING, force=True)
    return Release(model=model, version=bundle.version, status="staged")
