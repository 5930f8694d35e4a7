"""Creatives' JPEGs as bought ads are: about 600x500 pixels and 60 to 80 KB."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from adclick.sample_data.creatives import Creatives
from adclick.sample_data.render import render

DISTINCT = 512  # pictures drawn; more creatives than these show copies of them
QUALITY = 80
GRAIN = 8.0  # as of a photograph: a drawn banner alone is 30 KB


def draw_pictures(folder: Path, creatives: Creatives, indices: Sequence[int]) -> None:
    """Write the pictures of these creatives, unless they are there."""
    folder.mkdir(parents=True, exist_ok=True)
    for index in indices:
        path = picture_of(folder, index)
        if not path.exists():
            path.write_bytes(picture(creatives, index))


def picture_of(folder: Path, creative: int) -> Path:
    """Where the picture lies that a creative shows."""
    return folder / f"{creative % DISTINCT}.jpg"


def picture(creatives: Creatives, index: int) -> bytes:
    """The picture of a creative as a JPEG."""
    rng = np.random.default_rng(index)
    width, height = int(rng.integers(560, 641)), int(rng.integers(470, 531))
    banner = render(creatives, index).resize((width, height), Image.Resampling.BICUBIC)
    # lightness is grainy, colour is not
    grain = rng.normal(0, GRAIN, (height, width, 1))
    pixels = np.clip(np.asarray(banner, np.float64) + grain, 0, 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=QUALITY)
    return buffer.getvalue()
