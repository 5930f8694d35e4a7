"""A staged model version becomes the one that serves."""

from zenml import pipeline

import materializers  # noqa: F401  registers how our types travel
from adclick.config import RunConfig
from pipelines.versions import bundle_to_deploy
from steps.deploy import deploy
from steps.promote import promote


@pipeline
def deployment(model: str, config: RunConfig) -> None:
    """Try the staged version beside the champion, or make sure that the champion serves."""
    served, trial = deploy(bundle_to_deploy(model), model, config.deployment)
    promote(model, served, trial)
