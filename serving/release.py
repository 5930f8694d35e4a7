"""A bundle takes over: at once where nothing serves, else after a trial beside the champion."""

from __future__ import annotations

from adclick.bundle.bundle import ServingBundle
from adclick.canary.policy import CanaryPolicy
from adclick.canary.trial import CanaryTrial
from serving.deployer import Deployer
from serving.deployment import Deployment, Status
from serving.replay import Requests, requests_to_replay
from serving.watch import watch_canary


def release(
    deployer: Deployer,
    bundle: ServingBundle,
    model: str,
    policy: CanaryPolicy | None,
    former: ServingBundle | None,
) -> tuple[Deployment, CanaryTrial]:
    """Deploy a model's bundle; returns how, and what came of its trial.

    `former` is the bundle in production, if that is another: where nothing serves, it is deployed
    first, so that there is something to compare with. Raises AdclickError where a deployment
    fails; a canary that is taken back is no error.
    """
    if policy is None:
        return _at_once(deployer, bundle, model, "deployment.canary is off")
    status = deployer.status()
    if former is not None and status.version is None:
        print(f"{former.version} serves first, to be compared with", flush=True)
        deployer.deploy(former, model)
        status = deployer.status()
    champion, why = status.version, _no_trial(status, bundle.version)
    if champion is None or why is not None:
        return _at_once(deployer, bundle, model, str(why))
    deployment = deployer.deploy(bundle, model, policy.traffic)
    print(f"{bundle.version} gets {policy.traffic} % beside {champion}", flush=True)

    def requests() -> Requests:
        return requests_to_replay(deployer.prediction_log, former or bundle)

    return deployment, watch_canary(deployer, champion, bundle.version, policy, requests)


def _at_once(
    deployer: Deployer, bundle: ServingBundle, model: str, why: str
) -> tuple[Deployment, CanaryTrial]:
    before = deployer.status().version
    return deployer.deploy(bundle, model), CanaryTrial(
        version=bundle.version, champion=before, outcome="no trial", reason=why
    )


def _no_trial(status: Status, version: str) -> str | None:
    """Why there can be no trial, if so."""
    if status.version is None:
        return "nothing serves that it could be compared with"
    if status.version == version:
        return "it is the champion"
    if not status.healthy:
        return f"version {status.version}, which serves, is not ready"
    return None
