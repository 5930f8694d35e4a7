"""Serving a bundle with the stack's model deployer."""

from typing import Annotated, cast

from zenml import log_metadata, step
from zenml.client import Client
from zenml.enums import ModelStages

from adclick.bundle.bundle import ServingBundle
from adclick.canary.policy import DeploymentOptions
from adclick.canary.trial import CanaryTrial
from serving.deployer import Deployer
from serving.deployment import Deployment
from serving.release import release
from steps.model_versions import bundle_of, in_stage


@step(enable_cache=False)
def deploy(
    bundle: ServingBundle, model: str, options: DeploymentOptions
) -> tuple[Annotated[Deployment, "deployment"], Annotated[CanaryTrial, "canary_trial"]]:
    """Serve the bundle, beside the champion first; green once it is clear which of both serves.

    Its golden requests were answered right over HTTP before it got any other. Never cached: the
    artifact says that a server answered now.
    """
    deployer = cast(Deployer, Client().active_stack.model_deployer)
    production = in_stage(model, ModelStages.PRODUCTION)
    other = production is not None and production.name != bundle.version
    former = bundle_of(production).load() if production and other else None
    deployment, trial = release(deployer, bundle, model, options.canary, former)
    print(f"{deployment.version} at {deployment.url}: {deployment.golden_checked} golden requests")
    print(f"{trial.outcome}: {trial.reason}")
    log_metadata(
        {"url": deployment.url, "golden_checked": deployment.golden_checked},
        artifact_name="deployment",
        infer_artifact=True,
    )
    return deployment, trial
