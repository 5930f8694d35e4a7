"""One demand of the policy on one figure."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

type Verdict = Literal["holds", "undecided", "fails"]


class Condition(BaseModel):
    """A demand with its figure and bound, and whether it holds.

    One that is `undecided` neither holds nor fails beyond doubt: `rows_needed` is about how many
    test impressions would tell, None where that cannot be said.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    figure: str
    bound: str
    holds: bool
    undecided: bool = False
    rows_needed: int | None = None

    @property
    def verdict(self) -> Verdict:
        """The verdict in a word."""
        if self.holds:
            return "holds"
        return "undecided" if self.undecided else "fails"
