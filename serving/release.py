"""A bundle takes over: at once where nothing serves, else after a trial beside the champion."""

from __future__ import annotations

from collections.abc import Callable

from adclick.bundle.bundle import ServingBundle
from adclick.canary.policy import CanaryPolicy
from adclick.canary.trial import CanaryTrial
from serving.deployer import Deployer
from serving.deployment import Deployment, Status
from serving.replay import Requests
from serving.watch import watch_canary


def release(
    deployer: Deployer,
    bundle: ServingBundle,
    model: str,
    policy: CanaryPolicy | None,
    requests: Callable[[], Requests],
) -> tuple[Deployment, CanaryTrial]:
    """Deploy a model's bundle; returns how, and what came of its trial.

    `requests` are those that the trial replays where nobody asks. Raises AdclickError where the
    deployment fails; a canary that is taken back is no error.
    """
    status = deployer.status()
    champion, why = status.version, _no_trial(status, bundle.version)
    if policy is None or champion is None or why is not None:
        reason = why or "deployment.canary is off"
        return deployer.deploy(bundle, model), CanaryTrial(
            version=bundle.version, champion=champion, outcome="no trial", reason=reason
        )
    deployment = deployer.deploy(bundle, model, policy.traffic)
    print(f"{bundle.version} gets {policy.traffic} % beside {champion}", flush=True)
    trial = watch_canary(deployer, champion, bundle.version, policy, requests)
    return deployment, trial


def _no_trial(status: Status, version: str) -> str | None:
    """Why there can be no trial, if so."""
    if status.version is None:
        return "nothing serves that it could be compared with"
    if status.version == version:
        return "it is the champion"
    if not status.healthy:
        return f"version {status.version}, which serves, is not ready"
    return None
