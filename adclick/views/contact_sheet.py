"""A few of a log's creatives as small images inside a page."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from adclick.adlog import AdLog
from adclick.thumbnails import data_uri
from adclick.views.text import shortened

MOST_CREATIVES = 24


@dataclass(frozen=True)
class Thumbnail:
    """One creative's id and its image as a data URI."""

    creative: str
    data_uri: str


def contact_sheet(log: AdLog) -> tuple[Thumbnail, ...]:
    """Up to 24 creatives, spread evenly over all in the order in which they first turned up."""
    table = log.creatives()
    if table is None:
        return ()
    shown = min(MOST_CREATIVES, len(table.ids))
    chosen = np.linspace(0, len(table.ids) - 1, shown).round().astype(int)
    return tuple(Thumbnail(shortened(table.ids[i], 60), data_uri(table.images[i])) for i in chosen)
