"""What a person asks of a deployer, with ZenML's stages following: serve, promote, take back."""

from __future__ import annotations

from collections.abc import Callable

from zenml.enums import ModelStages
from zenml.models import ModelVersionResponse

import materializers  # noqa: F401  registers how our types travel
from adclick.bundle.bundle import ServingBundle
from adclick.errors import AdclickError
from pipelines.versions import known_versions, shortened, version_named
from serving.deployer import Deployer
from serving.deployment import Role, Status, Trial
from serving.trial import on_trial
from steps.model_versions import (
    IN_PRODUCTION,
    PROMOTE,
    REASON,
    all_versions,
    bundle_of,
    in_stage,
)
from steps.stages import follow


def deploy(
    deployer: Deployer,
    model: str,
    version: str | None = None,
    traffic: int = 100,
    shadow: bool = False,
) -> Status:
    """Serve the staged version of a model, or the one named; returns what serves then.

    With all of the traffic it comes into production, else it is staged while on trial. Raises
    AdclickError where there is no such version, or where its evaluation kept it back: such a one
    can be a shadow alone.
    """
    chosen = version_named(model, version) if version else _staged(model)
    if not shadow:
        _check_let_through(chosen)
    bundle = _bundle(chosen)
    return _follow(deployer, model, lambda: deployer.deploy(bundle, model, traffic, shadow))


def promote(deployer: Deployer) -> Status:
    """Make the version on trial the champion, in production; returns what serves then."""
    model = served_model(deployer)
    status = deployer.status()
    seen = Trial(on_trial(status).version, str(status.version))
    _check_let_through(version_named(model, seen.version))
    return _follow(deployer, model, lambda: deployer.promote(seen))


def rollback(deployer: Deployer, version: str | None = None) -> Status:
    """End the trial, else bring back the champion before, or the one named; returns what serves.

    What is taken back is archived, and training it again does not stage it. Raises AdclickError
    where there is nothing to bring back, or the version named never was in production.
    """
    model = served_model(deployer)
    reason = "rolled back by hand"
    if version is None:
        return _follow(deployer, model, deployer.rollback, reason)
    chosen = version_named(model, version)
    if not chosen.run_metadata.get(IN_PRODUCTION):
        once = (v.name for v in all_versions(model) if v.run_metadata.get(IN_PRODUCTION))
        raise AdclickError(
            f"version {version} never was in production: rollback brings back {shortened(once)}; "
            f"`run.py deploy --version {version}` would serve it"
        )
    bundle = _bundle(chosen)
    return _follow(deployer, model, lambda: deployer.deploy(bundle, model), reason)


def served_model(deployer: Deployer) -> str:
    """The model that serves; raises AdclickError where none was ever deployed."""
    model = deployer.model
    if model is None:
        raise AdclickError("nothing was deployed yet: run --pipeline deployment first")
    return model


def _follow(
    deployer: Deployer, model: str, act: Callable[[], object], taken_back: str | None = None
) -> Status:
    before = deployer.status()
    act()
    after = deployer.status()
    left = [one.version for one in before.versions if one.role is not Role.IDLE]
    follow(model, after, left, taken_back)
    return after


def _staged(model: str) -> ModelVersionResponse:
    version = in_stage(model, ModelStages.STAGING)
    if version is None:
        raise AdclickError(
            f"{model} has no staged version (it has {known_versions(model)}): run "
            "--pipeline training, or name one with --version"
        )
    return version


def _check_let_through(version: ModelVersionResponse) -> None:
    """Refuse a version that its last evaluation kept back, unless it was in production once."""
    facts = version.run_metadata
    if facts.get(PROMOTE) is False and not facts.get(IN_PRODUCTION):
        raise AdclickError(
            f"version {version.name} was kept back by its evaluation ({facts.get(REASON)}): it can "
            "only be tried as a --shadow"
        )


def _bundle(version: ModelVersionResponse) -> ServingBundle:
    bundle: ServingBundle = bundle_of(version).load()
    return bundle
