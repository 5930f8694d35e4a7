"""A few of a log's creatives as small images inside a page."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from adclick.adlog import AdLog
from adclick.arrays import UInt8
from adclick.views.text import shortened

MOST_CREATIVES = 24
# 24 thumbnails of pure noise at this size and quality are 140 kB of base64
SIDE = 80
QUALITY = 80


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
    return tuple(Thumbnail(shortened(table.ids[i], 60), _data_uri(table.images[i])) for i in chosen)


def _data_uri(pixels: UInt8) -> str:
    image = Image.fromarray(np.asarray(pixels))
    image.thumbnail((SIDE, SIDE))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"
