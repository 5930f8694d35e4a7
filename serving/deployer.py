"""What every deployer can do, wherever it serves."""

from __future__ import annotations

from typing import Protocol

from adclick.bundle.bundle import ServingBundle
from serving.deployment import Deployment, Status, Trial


class Deployer(Protocol):
    """The interface of a stack's model deployer; pipelines know no other.

    There is one champion, and beside it one version on trial at most: a canary or a shadow. No
    request is dropped by any of these.
    """

    @property
    def prediction_log(self) -> str:
        """Folder or bucket prefix of the predictions that its servers log."""
        ...

    @property
    def model(self) -> str | None:
        """The model that serves, as far as is known; None before the first deployment."""
        ...

    def deploy(
        self, bundle: ServingBundle, model: str, traffic: int = 100, shadow: bool = False
    ) -> Deployment:
        """Serve a model's bundle; returns once its golden requests were answered right.

        With 100 % of `traffic` it becomes the champion, and the one before is drained and stopped.
        With less it is a canary, or with `shadow` gets a copy of that share of requests; an older
        version on trial gives way to it. Where nothing serves yet, it has to be the champion.
        """
        ...

    def promote(self, seen: Trial | None = None) -> Status:
        """Make the version on trial the champion; raises AdclickError where there is none.

        Who decided by a trial that was `seen` acts on no other: raises TrialOverError where
        somebody else has promoted it, ended it or put another one in its place.
        """
        ...

    def rollback(self, seen: Trial | None = None) -> Status:
        """End the trial, or without one bring back the champion before; returns what serves then.

        Raises AdclickError where there is neither, and TrialOverError as `promote` does.
        """
        ...

    def status(self) -> Status:
        """What serves now."""
        ...

    def stop(self) -> Status:
        """Stop serving; returns what served."""
        ...
