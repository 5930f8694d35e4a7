"""The one way a creative's image becomes numbers, for ingestion and for serving alike."""

from __future__ import annotations

import io

import numpy as np
import simplejpeg
from PIL import Image

from adclick.arrays import UInt8
from adclick.errors import AdclickError

MAX_PIXELS = 64_000_000
MAX_BYTES = 32 * 1024 * 1024
MIN_SIDE = 8
JPEG = b"\xff\xd8\xff"


class ImageError(AdclickError):
    """An image that cannot be used; the message is the reason for a row's quarantine."""


def decode_image(data: bytes, shape: tuple[int, int, int]) -> UInt8:
    """The image as uint8 RGB of `shape` = (height, width, 3).

    JPEGs are scaled while they are decoded (in the DCT domain, Loeffler 1989), to the smallest
    eighth that still covers the target, then resized; everything else goes through Pillow, the
    first frame of an animation, transparent parts on white.
    Raises ImageError for unreadable, truncated, tiny or absurdly large images.
    """
    if len(data) > MAX_BYTES:
        raise too_many_bytes(len(data))
    pixels = _decode_jpeg(data, shape) if data.startswith(JPEG) else _decode_other(data)
    height, width, _ = shape
    if pixels.shape[:2] == (height, width):
        return pixels
    resized = Image.fromarray(pixels).resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(resized)


def too_many_bytes(count: int) -> ImageError:
    """What is wrong with a file of so many bytes, more than MAX_BYTES."""
    return ImageError(f"image of {count:,} bytes: at most {MAX_BYTES:,} are read")


def _decode_jpeg(data: bytes, shape: tuple[int, int, int]) -> UInt8:
    try:
        height, width, _, _ = simplejpeg.decode_jpeg_header(data)
        _check_size(height, width)
        return np.asarray(
            simplejpeg.decode_jpeg(
                data, "RGB", min_height=shape[0], min_width=shape[1], min_factor=1
            )
        )
    except ValueError as error:
        raise ImageError(f"unreadable image: {error}") from error


def _decode_other(data: bytes) -> UInt8:
    try:
        with Image.open(io.BytesIO(data)) as image:
            _check_size(image.height, image.width)
            return np.asarray(_on_white(image))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ImageError("unreadable image: neither JPEG nor another format known here") from error


def _on_white(image: Image.Image) -> Image.Image:
    """What a page shows of an image with transparent parts: their own colour is arbitrary."""
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    page = Image.new("RGBA", layer.size, "white")
    page.alpha_composite(layer)
    return page.convert("RGB")


def _check_size(height: int, width: int) -> None:
    if height * width > MAX_PIXELS:
        raise ImageError(f"image of {width}x{height} pixels: at most {MAX_PIXELS:,} are read")
    if min(height, width) < MIN_SIDE:
        raise ImageError(f"image of {width}x{height} pixels: at least {MIN_SIDE} a side are needed")
