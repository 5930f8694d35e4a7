"""The one way a creative's image becomes numbers, for ingestion and for serving alike."""

from __future__ import annotations

import io
import re

import numpy as np
import simplejpeg
from PIL import Image, ImageFile

from adclick.arrays import UInt8
from adclick.errors import AdclickError
from adclick.exif import jpeg_orientation, orientation

MAX_PIXELS = 64_000_000
MAX_BYTES = 32 * 1024 * 1024
MIN_SIDE = 8

JPEG, RIFF = b"\xff\xd8\xff", b"RIFF"
OTHER_FORMATS = ("PNG", "WEBP", "GIF")
# what a whole file of a format ends with, by what it begins with
ENDS = {JPEG: b"\xff\xd9", b"\x89PNG": b"IEND\xaeB`\x82", b"GIF8": b";"}
# how Pillow says that a PNG's texts are bombs
TOO_LARGE = re.compile("too large|too much memory", re.IGNORECASE)
# of 255, by Pillow's names for greys of 2 and 4 bits
SHADES_APART = {"L;2": 85, "L;4": 17}
# how an image is turned upright, by its EXIF orientation; those from 5 on swap its sides
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class ImageError(AdclickError):
    """An image that cannot be used; the message is the reason for a row's quarantine."""


def decode_image(data: bytes, shape: tuple[int, int, int]) -> UInt8:
    """A JPEG, PNG, WebP or GIF as a browser shows it: uint8 RGB of `shape` = (height, width, 3).

    The first frame of an animation, upright by its EXIF orientation, transparent parts on white.
    JPEGs are scaled while they are decoded (in the DCT domain, Loeffler 1989), to the smallest
    eighth that still covers the target, then resized; a smaller image is enlarged.
    Raises ImageError whose message begins with what is wrong: "truncated image", "unreadable
    image", "tiny image" or "image too large".
    """
    if len(data) > MAX_BYTES:
        raise too_many_bytes(len(data))
    decode = _decode_jpeg if data.startswith(JPEG) else _decode_other
    try:
        return decode(data, shape)
    except (ImageError, MemoryError):
        raise
    # a damaged file makes Pillow raise whatever its parsers stumble over
    except Exception as error:
        raise ImageError(_reason(data, error)) from error


def _reason(data: bytes, error: Exception) -> str:
    if isinstance(error, Image.DecompressionBombError):
        return f"image too large: at most {MAX_PIXELS:,} pixels are read"
    if not data.startswith((*ENDS, RIFF)):
        return "unreadable image: no JPEG, PNG, WebP or GIF"
    if _is_cut_off(data):
        return "truncated image: the file ends before the image does"
    if TOO_LARGE.search(str(error)):
        return "image too large: its texts are decompression bombs"
    return "unreadable image: damaged"


def too_many_bytes(count: int) -> ImageError:
    """What is wrong with a file of so many bytes, more than MAX_BYTES."""
    return ImageError(f"image too large: {count:,} bytes, at most {MAX_BYTES:,} are read")


def _decode_jpeg(data: bytes, shape: tuple[int, int, int]) -> UInt8:
    _check_size(*simplejpeg.decode_jpeg_header(data)[:2])
    turn = jpeg_orientation(data)
    height, width = _sides_before_turn(shape, turn)
    # strict, its default: libjpeg only warns of missing data, and leaves that part grey
    pixels = simplejpeg.decode_jpeg(
        data, "RGB", min_height=height, min_width=width, min_factor=1, strict=True
    )
    if pixels.shape == shape and turn not in TURNS:
        return np.asarray(pixels)
    return _fit(Image.fromarray(pixels), shape, turn)


def _decode_other(data: bytes, shape: tuple[int, int, int]) -> UInt8:
    with Image.open(io.BytesIO(data), formats=OTHER_FORMATS) as image:
        _check_size(image.height, image.width)
        layer = _first_frame(image)
        return _fit(layer, shape, orientation(image.info.get("exif", b"")))


def _fit(image: Image.Image, shape: tuple[int, int, int], turn: int) -> UInt8:
    height, width = _sides_before_turn(shape, turn)
    small = image.resize((width, height), Image.Resampling.BILINEAR)
    if turn in TURNS:
        small = small.transpose(TURNS[turn])
    if small.mode == "RGBA":
        page = Image.new("RGB", small.size, "white")
        page.paste(small, mask=small)
        small = page
    return np.asarray(small)


def _first_frame(file: ImageFile.ImageFile) -> Image.Image:
    """The first frame as RGB, or as RGBA where something shines through."""
    # Pillow paints what a GIF's first frame leaves out; to a browser it is transparent
    shown = file.tile[0].extents if file.format == "GIF" else None
    image = _grey(file) if file.format == "PNG" and file.mode in ("L", "I;16") else file
    if shown not in (None, (0, 0, *file.size)):
        page = Image.new("RGBA", file.size)
        page.paste(image.convert("RGBA").crop(shown), shown)
        return page
    mode = "RGBA" if image.has_transparency_data else "RGB"
    return image if image.mode == mode else image.convert(mode)


def _grey(file: ImageFile.ImageFile) -> Image.Image:
    """A grey PNG of any depth with 8 bits: Pillow clips 16 bits at 255 instead of shifting them.

    And it compares the transparent shade of 2 or 4 bits with shades that it spread over 8.
    """
    if file.mode == "L":
        if "transparency" in file.info:
            file.info["transparency"] *= SHADES_APART.get(str(file.tile[0].args), 1)
        return file
    values = np.asarray(file)
    grey = Image.fromarray((values >> 8).astype(np.uint8))
    if "transparency" in file.info:
        grey.putalpha(Image.fromarray(values != file.info["transparency"]).convert("L"))
    return grey


def _sides_before_turn(shape: tuple[int, int, int], turn: int) -> tuple[int, int]:
    height, width, _ = shape
    return (width, height) if turn >= 5 else (height, width)


def _check_size(height: int, width: int) -> None:
    size = f"{width}x{height} pixels"
    if height * width > MAX_PIXELS:
        raise ImageError(f"image too large: {size}, at most {MAX_PIXELS:,} are read")
    if min(height, width) < MIN_SIDE:
        raise ImageError(f"tiny image: {size}, at least {MIN_SIDE} a side are needed")


def _is_cut_off(data: bytes) -> bool:
    if data.startswith(RIFF):
        return len(data) < 8 + int.from_bytes(data[4:8], "little")
    return any(data.startswith(start) and not data.endswith(end) for start, end in ENDS.items())
