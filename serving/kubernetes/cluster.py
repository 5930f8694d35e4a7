"""Deployment on Kubernetes: one SeldonDeployment, and its champion, canary or shadow."""

from __future__ import annotations

from dataclasses import replace

from adclick.bundle.bundle import ServingBundle
from adclick.bundle.store import publish, uri_of
from adclick.errors import AdclickError
from serving.access import TOKEN, environment_access
from serving.deployment import Deployment, Role, Status, Trial
from serving.golden import check_offline
from serving.kubernetes.api import KubernetesApi, Resource
from serving.kubernetes.bundles import FetchedBundles
from serving.kubernetes.change import Change
from serving.kubernetes.manifest import ADCLICK, MANAGED_BY, MODEL_LABEL, manifest
from serving.kubernetes.pods import PredictorPods
from serving.kubernetes.policies import policies, policy_names
from serving.kubernetes.progress import age, available
from serving.kubernetes.rollout import Rollout, name_of, version_of
from serving.kubernetes.settings import KubernetesSettings
from serving.trial import NOTHING_TO_ROLL_BACK, on_trial, role_asked


class KubernetesSeldon:
    """Implements serving.deployer.Deployer over a SeldonDeployment of the cluster behind `api`.

    Nothing is kept on this machine: what serves is what the cluster has, whoever asks.
    """

    def __init__(self, api: KubernetesApi, settings: KubernetesSettings) -> None:
        self._api = api
        self._settings = settings

    @property
    def prediction_log(self) -> str:
        """Bucket prefix of the predictions that the servers log."""
        return self._settings.prediction_log

    def deploy(
        self, bundle: ServingBundle, model: str, traffic: int = 100, shadow: bool = False
    ) -> Deployment:
        """Serve `bundle` in the role asked for; see serving.deployer.Deployer.

        Its pods are asked the golden requests before any traffic is theirs, and then the gateway
        is. When that fails, what was there before is applied again and checked. Raises AdclickError
        that says what failed, with the cluster's reasons, and what serves now.
        """
        check_offline(bundle)
        before = self._own()
        now = Rollout.of(before) if before else None
        role = role_asked(self._roles(before), bundle.version, traffic, shadow)
        uri = publish(bundle, self._bundles)
        resource = manifest(self._settings.description(bundle.version, uri, model))
        (predictor,) = resource["spec"]["predictors"]
        wanted = Rollout((predictor,)) if now is None else now.with_role(predictor, role, traffic)
        with FetchedBundles() as bundles:
            bundles.add(uri, bundle)
            self._guard()
            change = Change(self._api, self._settings, bundles, before)
            golden = change.make(resource, wanted, predictor, "deployed")
        return Deployment(
            version=bundle.version,
            url=self._settings.url,
            pid=None,
            golden_checked=golden.checked,
            largest_difference=golden.largest_difference,
            started=now is None or not now.has(predictor),
            role=role,
            traffic=traffic,
        )

    def promote(self, seen: Trial | None = None) -> Status:
        """Make the version on trial the champion, checked like a new one; returns what serves.

        Raises AdclickError where there is none, TrialOverError where it is not the one that was
        `seen`, and AdclickError when it fails, with what serves now.
        """
        before = self._own()
        on_trial(self._roles(before), seen)
        assert before
        now = Rollout.of(before)
        assert now.trial
        self._replace(before, now.with_role(now.trial, Role.CHAMPION, 100), "promoted")
        return self.status()

    def rollback(self, seen: Trial | None = None) -> Status:
        """End the trial, or without one bring back the champion before; returns what serves.

        Raises AdclickError where there is neither, and TrialOverError where it is not the trial
        that was `seen`. A trial that has ended is not brought back, whatever shows then.
        """
        before = self._own()
        if seen is not None:
            on_trial(self._roles(before), seen)
        now = Rollout.of(before) if before else None
        if before is None or now is None or (now.trial is None and now.former is None):
            raise AdclickError(NOTHING_TO_ROLL_BACK)
        if now.trial is not None:
            with FetchedBundles() as bundles:
                Change(self._api, self._settings, bundles, before).end_trial()
        elif now.former is not None:
            self._replace(before, Rollout((now.former,)), "brought back")
        return self.status()

    def status(self) -> Status:
        """What the cluster serves now; a version is healthy when it has a pod that is ready."""
        seldon = self._own()
        if seldon is None:
            return Status()
        rollout = Rollout.of(seldon)
        healthy = available(seldon)
        versions = []
        for predictor in filter(None, (rollout.champion, rollout.trial)):
            pods = PredictorPods(self._api, name_of(predictor))
            served = replace(
                rollout.served(predictor),
                healthy=name_of(predictor) in healthy,
                answered=pods.observe(),
                uptime=age(pods.all()),
            )
            versions.append(served)
        former = version_of(rollout.former) if rollout.former else None
        return Status(self._settings.url, tuple(versions), former)

    def stop(self) -> Status:
        """Delete the SeldonDeployment and wait until it is gone; returns what served."""
        stopped = self.status()
        with FetchedBundles() as bundles:
            Change(self._api, self._settings, bundles, None).delete()
        if gate := self._settings.gate:
            for policy in policy_names(gate, self._settings.name, self._settings.namespace):
                self._api.remove(policy)
        return stopped

    @property
    def model(self) -> str | None:
        """The name of the model that is served; None where nothing serves."""
        seldon = self._own()
        return str(seldon["metadata"]["labels"][MODEL_LABEL]) if seldon else None

    def bundle_uri(self, version: str) -> str:
        """Where the bundle of a version that was deployed is."""
        return uri_of(version, self._bundles)

    def _guard(self) -> None:
        """Close the model's address to who has no token, where tokens are asked for."""
        settings = self._settings
        if settings.gate is None:
            return
        if environment_access().token is None:
            raise AdclickError(
                f"jwt: the gateway has to be asked with a token of its issuer: set {TOKEN}"
            )
        for policy in policies(settings.gate, settings.name, settings.namespace):
            self._api.apply(policy)

    @property
    def _bundles(self) -> str:
        return f"{self._settings.bundles.rstrip('/')}/{self._settings.name}"

    def _own(self) -> Resource | None:
        """The SeldonDeployment as the cluster has it; raises AdclickError for a stranger's."""
        seldon = self._api.get(self._settings.name)
        if seldon is not None and seldon["metadata"].get("labels", {}).get(MANAGED_BY) != ADCLICK:
            raise AdclickError(
                f"SeldonDeployment {self._settings.name} in {self._settings.namespace} was made by "
                "someone else: give the deployer another name"
            )
        return seldon

    def _replace(self, before: Resource, wanted: Rollout, done: str) -> None:
        with FetchedBundles() as bundles:
            change = Change(self._api, self._settings, bundles, before)
            change.make(before, wanted, wanted.champion, done)

    def _roles(self, seldon: Resource | None) -> Status:
        """Who serves, without a look at how they are."""
        if seldon is None:
            return Status()
        rollout = Rollout.of(seldon)
        found = filter(None, (rollout.champion, rollout.trial))
        return Status(self._settings.url, tuple(rollout.served(p) for p in found))
