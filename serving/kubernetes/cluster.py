"""Deployment on Kubernetes: one SeldonDeployment, replaced version by version."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from adclick.bundle.bundle import ServingBundle
from adclick.errors import AdclickError
from serving.acceptance import NotServedError, check_served
from serving.bundle_store import fetch, publish, uri_of
from serving.deployment import Deployment, Served, Status
from serving.golden import GoldenCheck, check_offline
from serving.kubernetes import rules
from serving.kubernetes.api import KubernetesApi, Resource
from serving.kubernetes.manifest import (
    ADCLICK,
    BUNDLE_ANNOTATION,
    MANAGED_BY,
    PREDICTOR_LABEL,
    VERSION_LABEL,
    Manifest,
    manifest,
)
from serving.kubernetes.progress import age, hopeless, is_available, problems
from serving.kubernetes.settings import KubernetesSettings

POLL_SECONDS = 0.5


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

    def deploy(self, bundle: ServingBundle, model: str) -> Deployment:
        """Serve `bundle` once its pods are ready, checked with its golden requests via the gateway.

        What serves already is only checked. When the new version fails, what was there before is
        applied again and checked, and the new one's pods go; the requests meanwhile are answered by
        the former version as long as the new one is not ready. Raises AdclickError that says what
        failed, with the cluster's reasons, and what serves now.
        """
        check_offline(bundle)
        uri = publish(bundle, self._bundles)
        wanted = manifest(self._settings.description(bundle.version, uri, model))
        rules.check(wanted)
        before = self._own()
        try:
            applied = self._api.apply(wanted)
            self._await_available()
            golden = self._await_golden(bundle)
        except AdclickError as error:
            raise AdclickError(
                f"version {bundle.version} was not deployed: {error}; {self._restore(before)}"
            ) from error
        return Deployment(
            version=bundle.version,
            url=self._settings.url,
            pid=None,
            golden_checked=golden.checked,
            largest_difference=golden.largest_difference,
            started=_generation(applied) != _generation(before),
        )

    def status(self) -> Status:
        """What the cluster serves now; healthy when its pods are ready."""
        seldon = self._own()
        if seldon is None:
            return Status()
        served = Served(
            version=_main(seldon)["labels"][VERSION_LABEL],
            healthy=is_available(seldon),
            uptime=age(self._pods(seldon)),
        )
        return Status(self._settings.url, (served,))

    def stop(self) -> Status:
        """Delete the SeldonDeployment and wait until it is gone; returns what served."""
        stopped = self.status()
        self._delete()
        return stopped

    def bundle_uri(self, version: str) -> str:
        """Where the bundle of a version that was deployed is."""
        return uri_of(version, self._bundles)

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

    def _await_available(self) -> None:
        seconds = self._settings.ready_seconds
        deadline = time.monotonic() + seconds
        while True:
            seldon = self._api.get(self._settings.name)
            if seldon is None:
                raise AdclickError("its SeldonDeployment was deleted by someone else")
            if is_available(seldon):
                return
            pods = self._pods(seldon)
            late = time.monotonic() > deadline
            if late or hopeless(pods):
                why = "; ".join(problems(seldon, pods, self._api.warnings()))
                raise AdclickError(f"not ready in {seconds:g} s: {why}" if late else why)
            time.sleep(POLL_SECONDS)

    def _await_golden(self, bundle: ServingBundle) -> GoldenCheck:
        """The golden check, once the gateway's routes lead to this version.

        They follow the pods by some seconds, in which the former version answers, or nobody.
        """
        seconds = self._settings.route_seconds
        deadline = time.monotonic() + seconds
        while True:
            try:
                return check_served(bundle, self._settings.url)
            except NotServedError as error:
                if time.monotonic() > deadline:
                    raise AdclickError(
                        f"its pods are ready, but {seconds:g} s later {error}; "
                        "check the gateway's address and Seldon's ingress"
                    ) from error
            time.sleep(POLL_SECONDS)

    def _restore(self, before: Resource | None) -> str:
        try:
            if _generation(self._api.get(self._settings.name)) == _generation(before):
                return _serves(before, "as before")
            if before is None:
                self._delete()
                return _serves(None, "")
            self._api.apply(_stripped(before), force=True)
            self._await_available()
            with tempfile.TemporaryDirectory() as folder:
                uri = _main(before)["annotations"][BUNDLE_ANNOTATION]
                self._await_golden(fetch(uri, Path(folder)))
        except AdclickError as error:
            return f"what served before could not be brought back: {error}"
        return _serves(before, "again")

    def _delete(self) -> None:
        name = self._settings.name
        self._api.delete(name)
        _wait_for(
            lambda: self._api.get(name) is None,
            self._settings.ready_seconds,
            f"SeldonDeployment {name} was deleted and is still there: see its finalizers with "
            f"`kubectl get sdep {name} -n {self._settings.namespace} -o yaml`",
        )

    def _pods(self, seldon: Resource) -> list[Resource]:
        names = [predictor["name"] for predictor in seldon["spec"]["predictors"]]
        return [pod for name in names for pod in self._api.pods({PREDICTOR_LABEL: name})]


def _wait_for(condition: Callable[[], bool], seconds: float, otherwise: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AdclickError(otherwise)
        time.sleep(POLL_SECONDS)


def _main(seldon: Resource) -> Manifest:
    """The predictor that gets the most requests."""
    live = [p for p in seldon["spec"]["predictors"] if not p.get("shadow")]
    return max(live, key=lambda predictor: predictor.get("traffic", 0))


def _generation(seldon: Resource | None) -> int | None:
    """Which spec the cluster has: a number that goes up with each change of it."""
    return None if seldon is None else seldon["metadata"]["generation"]


def _serves(seldon: Resource | None, how: str) -> str:
    if seldon is None:
        return "no version serves"
    return f"version {_main(seldon)['labels'][VERSION_LABEL]} serves {how}"


def _stripped(seldon: Resource) -> Manifest:
    """The resource as it was applied, without what the server adds."""
    metadata = {
        key: seldon["metadata"][key]
        for key in ("name", "namespace", "labels", "annotations")
        if key in seldon["metadata"]
    }
    return {key: seldon[key] for key in ("apiVersion", "kind", "spec")} | {"metadata": metadata}
