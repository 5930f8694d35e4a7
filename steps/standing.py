"""Where a model stands when it is asked whether to train it again, from ZenML's records."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from zenml import log_metadata
from zenml.enums import ModelStages

from adclick.retraining.decision import Standing
from adclick.retraining.outcome import Retraining
from steps.model_versions import all_versions, in_production, in_stage, named

RETRAINED = "retrained_at"
RETRAINING = "retraining"


def standing(model: str, months: Sequence[str]) -> Standing:
    """How the model stands, whose champion's log has these months.

    Trained last was the version that was made last, or the champion when a retraining made none.
    Raises AdclickError where no version is in production.
    """
    champion = in_production(model)
    waiting = in_stage(model, ModelStages.STAGING)
    newest = all_versions(model)[0]
    made = newest.created.replace(tzinfo=UTC)
    tried = str(champion.run_metadata.get(RETRAINED, ""))
    return Standing(
        champion=champion.name,
        months=tuple(months),
        newest=newest.name,
        trained=max(made, datetime.fromisoformat(tried)) if tried else made,
        waiting=waiting.name if waiting else None,
    )


def note_retraining(model: str, retraining: Retraining, runs: Sequence[str]) -> None:
    """Note the whole chain with each of its ZenML runs and with the version that came of it.

    The champion that it was about gets the time, which the next one's cool-down counts from.
    """
    chain = retraining.model_dump(mode="json", exclude_none=True)
    for run in runs:
        log_metadata({RETRAINING: chain}, run_id_name_or_prefix=run)
    if retraining.trained is None:
        return
    if champion := named(model, retraining.decision.champion):
        now = datetime.now(UTC).isoformat(timespec="seconds")
        log_metadata({RETRAINED: now}, model_version_id=champion.id)
    if retraining.version and (version := named(model, retraining.version)):
        log_metadata({RETRAINING: chain}, model_version_id=version.id)
