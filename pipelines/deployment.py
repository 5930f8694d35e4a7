"""A staged model version becomes the one that serves."""

from zenml import pipeline

import materializers  # noqa: F401  registers how our types travel
from pipelines.versions import bundle_to_deploy
from steps.deploy import deploy
from steps.promote import promote


@pipeline
def deployment(model: str) -> None:
    """Serve the staged version, or make sure that the production version serves."""
    served = deploy(bundle_to_deploy(model), model)
    promote(model, served)
