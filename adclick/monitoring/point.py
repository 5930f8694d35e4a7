"""A figure that a dashboard shows over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Section = Literal["Verdict", "Data", "Model", "Traffic", "Slices"]

# in the order in which a person reads them
SECTIONS: tuple[Section, ...] = get_args(Section)


@dataclass(frozen=True)
class Point:
    """A figure at the time of its report, and the panel and series of a dashboard that it is of.

    A panel with more series than it can show has those that went farthest in `distance`.
    """

    section: Section
    panel: str
    series: str
    value: float
    distance: float
