"""The models that every evaluation shows beside the click model, fitted to the same rows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from adclick.model.baseline import LogisticBaseline, load_baseline
from adclick.model.boosting import BoostingBaseline, load_boosting
from adclick.opaque import Opaque

LOGISTIC_FILE = "logistic.json"
BOOSTING_FILE = "boosting.pickle"


@dataclass(frozen=True)
class Baselines(Opaque):
    """A logistic regression, which knows the constant click rate too, and boosted trees."""

    logistic: LogisticBaseline
    boosting: BoostingBaseline

    def save(self, folder: Path) -> None:
        """Write both into a folder."""
        self.logistic.save(folder / LOGISTIC_FILE)
        self.boosting.save(folder / BOOSTING_FILE)


def load_baselines(folder: Path) -> Baselines:
    """What `Baselines.save` wrote."""
    logistic = load_baseline(folder / LOGISTIC_FILE)
    return Baselines(logistic, load_boosting(folder / BOOSTING_FILE))
