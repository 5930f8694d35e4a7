"""The version that serves becomes the one in production."""

from typing import Annotated, cast

from zenml import step
from zenml.client import Client

from adclick.canary.trial import CanaryTrial
from adclick.errors import AdclickError
from adclick.release import Release
from serving.deployer import Deployer
from serving.deployment import Deployment
from steps.stages import follow


@step(enable_cache=False)
def promote(
    model: str, deployment: Deployment, trial: CanaryTrial
) -> Annotated[Release, "promotion"]:
    """Put the version that serves into production, and archive the one that does no more.

    Green only if what serves is what the deployment came to.
    """
    taken_back = trial.outcome == "rolled back"
    expected = trial.champion if taken_back else deployment.version
    status = cast(Deployer, Client().active_stack.model_deployer).status()
    if status.version != expected:
        raise AdclickError(
            f"version {expected} was to serve, but {status.version or 'none'} does: someone "
            "changed it meanwhile; look at `run.py status`, and run --pipeline deployment again"
        )
    left = [version for version in (deployment.version, trial.champion) if version is not None]
    reason = f"its canary was rolled back: {trial.reason}" if taken_back else None
    follow(model, status, left, reason)
    print(f"{model} {status.version} is in production")
    return Release(
        model=model,
        version=deployment.version,
        status="taken back" if taken_back else "in production",
        reason=reason,
    )
