"""What training returns."""

from __future__ import annotations

from dataclasses import dataclass

from adclick.model.click_model import ClickModel
from adclick.opaque import Opaque


@dataclass(frozen=True)
class Trained(Opaque):
    """A trained model and the calibration rows' logloss after each epoch.

    `begun_with` says with which version's weights it began and what of it was new, where it did.
    """

    model: ClickModel
    validation_logloss: tuple[float, ...]
    begun_with: str | None = None
