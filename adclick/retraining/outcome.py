"""What came of asking whether to train again."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from adclick.canary.trial import CanaryTrial
from adclick.release import Release
from adclick.retraining.decision import RetrainingDecision

Result = Literal["not asked", "refused", "nothing new", "kept back", "rolled back", "promoted"]


class Retraining(BaseModel):
    """The chain from a verdict to what serves: each part by the name of its ZenML run.

    `monitored` made the reports, the verdict and the decision, `trained` the `version`, and
    `deployed` tried it; the last three are None as far as it did not come to them.
    """

    model_config = ConfigDict(frozen=True)

    result: Result
    decision: RetrainingDecision
    monitored: str
    trained: str | None = None
    deployed: str | None = None
    version: str | None = None


def result_of(
    decision: RetrainingDecision, release: Release | None, trial: CanaryTrial | None
) -> Result:
    """What the decision, the training's release and the deployment's trial come to."""
    if not decision.retrain or release is None:
        return "refused" if decision.refused else "not asked"
    if release.status == "kept back":
        return "kept back"
    if release.status != "staged":
        return "nothing new"
    taken_back = trial is not None and trial.outcome == "rolled back"
    return "rolled back" if taken_back else "promoted"
