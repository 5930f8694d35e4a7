"""The model card of a version."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from adclick.card.lineage import Lineage
from adclick.evaluation.decision import Decision
from adclick.evaluation.evaluation import Evaluation
from adclick.evaluation.serving import ServingFigures


class ModelCard(BaseModel):
    """All that a person should know of a version before using it (Mitchell et al., 2019).

    What it is for and where it ends is said in words by its pages (adclick/views), from this.
    """

    model_config = ConfigDict(frozen=True)

    model: str
    lineage: Lineage
    evaluation: Evaluation
    decision: Decision
    serving: ServingFigures

    @property
    def version(self) -> str:
        """The version that the card is of."""
        return self.lineage.version
