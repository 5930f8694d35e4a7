"""Small images inside a page."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image

from adclick.arrays import UInt8

# 24 thumbnails of pure noise at this size and quality are 140 kB of base64
SIDE = 80
QUALITY = 80


def data_uri(pixels: UInt8) -> str:
    """An image (height, width, 3), made smaller if it is large, as a JPEG in a data URI."""
    image = Image.fromarray(np.asarray(pixels))
    image.thumbnail((SIDE, SIDE))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"
