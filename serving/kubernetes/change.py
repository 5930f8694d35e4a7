"""Changing what a SeldonDeployment serves: apply, wait, see that it has the effect, or undo it."""

from __future__ import annotations

import time
from collections.abc import Callable

from adclick.errors import AdclickError
from adclick.observation import total
from serving.access import environment_access
from serving.golden import GoldenCheck
from serving.kubernetes import rules
from serving.kubernetes.api import KubernetesApi, Resource
from serving.kubernetes.bundles import FetchedBundles
from serving.kubernetes.gateway import Gateway
from serving.kubernetes.manifest import Manifest
from serving.kubernetes.pods import PredictorPods
from serving.kubernetes.progress import (
    fully_available,
    hopeless,
    is_available,
    problems,
)
from serving.kubernetes.rollout import Rollout, bundle_of, name_of, steps, version_of
from serving.kubernetes.settings import KubernetesSettings

POLL_SECONDS = 0.5


class Change:
    """A change of the SeldonDeployment of `settings`, which is as `before` when it begins."""

    def __init__(
        self,
        api: KubernetesApi,
        settings: KubernetesSettings,
        bundles: FetchedBundles,
        before: Resource | None,
    ) -> None:
        self._api = api
        self._settings = settings
        self._bundles = bundles
        self._before = before
        self._gateway = Gateway(settings.url, settings.route_seconds, environment_access())

    def make(
        self, resource: Manifest, wanted: Rollout, newcomer: Manifest, done: str
    ) -> GoldenCheck:
        """Let `resource` serve as `wanted`; `newcomer` is the predictor that gets another role.

        Its pods have to answer the golden requests before it gets traffic. Raises AdclickError that
        says why its version was not `done`, and what serves then.
        """
        before = self._before
        now = Rollout.of(before) if before else None
        plan = steps(now, wanted, fully_available(before) if before else ())
        for step in plan:
            rules.check(step.within(resource))
        try:
            return self._follow(plan, resource, newcomer)
        except AdclickError as error:
            raise AdclickError(
                f"version {version_of(newcomer)} was not {done}: {error}; {self._undo()}"
            ) from error

    def end_trial(self) -> None:
        """Leave all requests to the champion; raises AdclickError when that does not show."""
        assert self._before
        now = Rollout.of(self._before)
        assert now.trial
        alone = now.alone()
        self._api.apply(alone.within(self._before))
        try:
            self._await_available()
            self._await_effect(alone)
        except AdclickError as error:
            raise AdclickError(
                f"the trial of version {version_of(now.trial)} is over, but version "
                f"{version_of(now.champion)} does not serve as it should: {error}"
            ) from error

    def delete(self) -> None:
        """Delete the SeldonDeployment, and wait until all that was made of it is gone."""
        name = self._settings.name
        self._api.delete(name)
        _wait_for(
            lambda: self._api.get(name) is None,
            self._settings.ready_seconds,
            f"SeldonDeployment {name} was deleted and is still there: see its finalizers with "
            f"`kubectl get sdep {name} -n {self._settings.namespace} -o yaml`",
        )

    def _follow(
        self, plan: tuple[Rollout, ...], resource: Manifest, newcomer: Manifest
    ) -> GoldenCheck:
        golden = None
        for step in plan:
            self._api.apply(step.within(resource))
            self._await_available()
            if golden is None:
                golden = self._checked(newcomer)
            if step.reaches(newcomer):
                self._await_effect(step)
        if self._settings.gate is not None:
            self._gateway.await_refusal()
        assert golden
        return golden

    def _checked(self, newcomer: Manifest) -> GoldenCheck:
        pods = PredictorPods(self._api, name_of(newcomer))
        # a version that served a moment ago: the status may still count pods on their way out
        _wait_for(pods.any_ready, self._settings.ready_seconds, "none of its pods is ready")
        return pods.check_golden(self._bundles.at(bundle_of(newcomer)))

    def _await_available(self) -> None:
        seconds = self._settings.ready_seconds
        deadline = time.monotonic() + seconds
        while True:
            seldon = self._api.get(self._settings.name)
            if seldon is None:
                raise AdclickError("its SeldonDeployment was deleted by someone else")
            if is_available(seldon):
                return
            names = [predictor["name"] for predictor in seldon["spec"]["predictors"]]
            pods = [pod for name in names for pod in PredictorPods(self._api, name).all()]
            late = time.monotonic() > deadline
            if late or hopeless(pods):
                why = "; ".join(problems(seldon, pods, self._api.warnings()))
                raise AdclickError(f"not ready in {seconds:g} s: {why}" if late else why)
            time.sleep(POLL_SECONDS)

    def _await_effect(self, step: Rollout) -> None:
        answering = [self._bundles.at(bundle_of(predictor)) for predictor in step.answering]
        if len(answering) > 1:
            self._gateway.await_all(answering)
        elif step.shadow is None:
            self._gateway.await_only(answering[0])
        else:
            pods = PredictorPods(self._api, name_of(step.shadow))
            self._gateway.await_copies(answering[0], lambda: _count(pods))

    def _undo(self) -> str:
        """Bring back what was there before; says what serves then."""
        before = self._before
        try:
            if _generation(self._api.get(self._settings.name)) == _generation(before):
                return _serves(before, "as before")
            if before is None:
                self.delete()
                return _serves(None, "")
            former = Rollout.of(before)
            if former.trial and name_of(former.trial) not in fully_available(before):
                former = former.alone()
            self._api.apply(former.within(before), force=True)
            self._await_available()
            self._await_effect(former)
        except AdclickError as error:
            return f"what served before could not be brought back: {error}"
        return _serves(before, "again")


def _wait_for(condition: Callable[[], bool], seconds: float, otherwise: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AdclickError(otherwise)
        time.sleep(POLL_SECONDS)


def _count(pods: PredictorPods) -> int:
    answered = pods.observe()
    if answered is None:
        raise AdclickError("the metrics of the shadow's pods cannot be read")
    return total(answered.values()).requests


def _generation(seldon: Resource | None) -> int | None:
    """Which spec the cluster has: a number that goes up with each change of it."""
    return None if seldon is None else seldon["metadata"]["generation"]


def _serves(seldon: Resource | None, how: str) -> str:
    if seldon is None:
        return "no version serves"
    return f"version {version_of(Rollout.of(seldon).champion)} serves {how}"
