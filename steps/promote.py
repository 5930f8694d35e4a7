"""The deployed version becomes the champion."""

from typing import Annotated

from zenml import step
from zenml.enums import ModelStages

from adclick.release import Release
from serving.deployment import Deployment
from steps.model_versions import named


@step(enable_cache=False)
def promote(model: str, deployment: Deployment) -> Annotated[Release, "promotion"]:
    """Put the version that serves into production; ZenML archives the one before it."""
    version = named(model, deployment.version)
    assert version is not None
    if version.stage != ModelStages.PRODUCTION:
        version.set_stage(ModelStages.PRODUCTION, force=True)
        print(f"{model} {version.name} is in production")
    return Release(model=model, version=version.name, status="in production")
