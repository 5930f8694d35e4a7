"""What Evidently is asked for: declared distances and bounds, none chosen by the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Question:
    """What is asked of Evidently.

    `methods` names the distance by column and `bounds` the bound by distance. Of the columns
    `counted`, less than `drifted_share` may be past their bound. `means` holds the lowest and
    highest mean of a current column (None: any), `missing` its highest share of empty cells.
    """

    methods: Mapping[str, str]
    bounds: Mapping[str, float]
    counted: Sequence[str]
    drifted_share: float
    means: Mapping[str, tuple[float, float] | None]
    missing: Mapping[str, float]
    min_rows: int
