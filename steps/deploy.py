"""Serving a bundle with the stack's model deployer."""

from typing import Annotated, cast

from zenml import log_metadata, step
from zenml.client import Client

from adclick.bundle.bundle import ServingBundle
from serving.deployer import Deployer
from serving.deployment import Deployment


@step(enable_cache=False)
def deploy(bundle: ServingBundle, model: str) -> Annotated[Deployment, "deployment"]:
    """Serve the bundle; green only once its golden requests were answered right over HTTP.

    Never cached: the artifact says that a server answered now.
    """
    deployer = cast(Deployer, Client().active_stack.model_deployer)
    deployment = deployer.deploy(bundle, model)
    print(f"{deployment.version} at {deployment.url}: {deployment.golden_checked} golden requests")
    log_metadata(
        {"url": deployment.url, "golden_checked": deployment.golden_checked},
        artifact_name="deployment",
        infer_artifact=True,
    )
    return deployment
