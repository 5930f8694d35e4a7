"""What every deployer can do, wherever it serves."""

from __future__ import annotations

from typing import Protocol

from adclick.bundle.bundle import ServingBundle
from serving.deployment import Deployment, Status


class Deployer(Protocol):
    """The interface of a stack's model deployer; pipelines know no other."""

    @property
    def prediction_log(self) -> str:
        """Folder or bucket prefix of the predictions that its servers log."""
        ...

    def deploy(self, bundle: ServingBundle, model: str) -> Deployment:
        """Serve a model's bundle; returns once its golden requests were answered right."""
        ...

    def status(self) -> Status:
        """What serves now."""
        ...

    def stop(self) -> Status:
        """Stop serving; returns what served."""
        ...
