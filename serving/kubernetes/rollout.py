"""What a SeldonDeployment serves, and by which steps that changes while it goes on answering."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, replace

from serving.deployment import Role, Served
from serving.kubernetes.manifest import (
    BUNDLE_ANNOTATION,
    FORMER_ANNOTATION,
    VERSION_LABEL,
    Manifest,
)


@dataclass(frozen=True)
class Rollout:
    """The predictors of a SeldonDeployment, and the champion before, which a rollback brings back.

    The champion is the first. One without traffic that is the `former` is on its way out; of the
    others there is one at most, which is on trial.
    """

    predictors: tuple[Manifest, ...]
    former: Manifest | None = None

    @classmethod
    def of(cls, seldon: Manifest) -> Rollout:
        """What a resource of the cluster says."""
        noted = seldon["metadata"].get("annotations", {}).get(FORMER_ANNOTATION)
        return cls(tuple(seldon["spec"]["predictors"]), json.loads(noted) if noted else None)

    def within(self, resource: Manifest) -> Manifest:
        """The resource with these predictors in the place of its own, to be applied."""
        metadata = resource["metadata"]
        annotations = {
            key: value
            for key, value in metadata.get("annotations", {}).items()
            if key != FORMER_ANNOTATION
        }
        if self.former is not None:
            annotations[FORMER_ANNOTATION] = json.dumps(self.former, sort_keys=True)
        return {
            "apiVersion": resource["apiVersion"],
            "kind": resource["kind"],
            "metadata": {
                **{key: metadata[key] for key in ("name", "namespace", "labels")},
                "annotations": annotations,
            },
            "spec": {**resource["spec"], "predictors": list(self.predictors)},
        }

    @property
    def champion(self) -> Manifest:
        """The predictor that answers, but for a canary's share."""
        return self.predictors[0]

    @property
    def trial(self) -> Manifest | None:
        """The canary or shadow."""
        return next((p for p in self.predictors[1:] if not self._leaves(p)), None)

    @property
    def answering(self) -> tuple[Manifest, ...]:
        """The predictors whose answers reach those who ask."""
        return tuple(p for p in self.predictors if not p.get("shadow") and p.get("traffic"))

    @property
    def shadow(self) -> Manifest | None:
        """The predictor that gets copies of requests."""
        return next((p for p in self.predictors if p.get("shadow")), None)

    def has(self, predictor: Manifest) -> bool:
        """Whether there are pods like this predictor's already."""
        return name_of(predictor) in {name_of(p) for p in self.predictors}

    def reaches(self, predictor: Manifest) -> bool:
        """Whether it gets requests, or copies of them."""
        return any(name_of(p) == name_of(predictor) and _traffic(p) for p in self.predictors)

    def served(self, predictor: Manifest) -> Served:
        """The version, role and share of one of the predictors."""
        if name_of(predictor) == name_of(self.champion):
            role = Role.CHAMPION
        else:
            role = Role.SHADOW if predictor.get("shadow") else Role.CANARY
        return Served(version_of(predictor), role, _traffic(predictor))

    def with_role(self, predictor: Manifest, role: Role, traffic: int) -> Rollout:
        """A version in this role, whatever was on trial before.

        A champion that takes the place of another remembers it.
        """
        if role is Role.CHAMPION:
            same = name_of(predictor) == name_of(self.champion)
            former = self.former if same else _sharing(self.champion, 100)
            return Rollout((_sharing(predictor, 100),), former)
        shadow = role is Role.SHADOW
        champion = _sharing(self.champion, 100 if shadow else 100 - traffic)
        return replace(self, predictors=(champion, _sharing(predictor, traffic, shadow=shadow)))

    def alone(self) -> Rollout:
        """The champion without a trial."""
        return replace(self, predictors=(_sharing(self.champion, 100),))

    def _leaves(self, predictor: Manifest) -> bool:
        idle = not predictor.get("traffic") and not predictor.get("shadow")
        return idle and self.former is not None and name_of(predictor) == name_of(self.former)


def steps(now: Rollout | None, wanted: Rollout, available: Collection[str]) -> tuple[Rollout, ...]:
    """What to apply one after the other; `available` names the predictors that can answer now.

    A new version starts without traffic; then the traffic is turned; then the former champion goes,
    when it is sure that nobody needs it. The operator turns no route while any predictor's pods
    are not ready: what is not available is not taken along, or it would keep the rest from
    changing. For the same reason a trial that ends goes at once.
    """
    if now is None:
        return (wanted,)
    names = {name_of(p) for p in wanted.predictors}
    stays = name_of(now.champion) in names
    if not stays and name_of(now.champion) not in available:
        return (wanted,)
    found = [wanted]
    if not stays:
        turned = (*wanted.predictors, _sharing(now.champion, 0))
        found.insert(0, Rollout(turned, former=_sharing(now.champion, 100)))
    known = {name_of(p) for p in now.predictors}
    if new := [p for p in wanted.answering if name_of(p) not in known]:
        others = tuple(_sharing(predictor, 0) for predictor in new)
        found.insert(0, replace(now, predictors=(*now.alone().predictors, *others)))
    return tuple(found)


def name_of(predictor: Manifest) -> str:
    """What tells a predictor and its pods from others."""
    return str(predictor["name"])


def version_of(predictor: Manifest) -> str:
    """The version that a predictor serves."""
    return str(predictor["labels"][VERSION_LABEL])


def bundle_of(predictor: Manifest) -> str:
    """The URI of a predictor's bundle."""
    return str(predictor["annotations"][BUNDLE_ANNOTATION])


def _traffic(predictor: Manifest) -> int:
    """The per cent of requests that reach it: Istio mirrors all to a shadow without a share."""
    return int(predictor.get("traffic") or (100 if predictor.get("shadow") else 0))


def _sharing(predictor: Manifest, traffic: int, *, shadow: bool = False) -> Manifest:
    """The predictor with another share; its pods stay the same ones."""
    same = {key: value for key, value in predictor.items() if key != "shadow"}
    return {**same, "traffic": traffic, **({"shadow": True} if shadow else {})}
