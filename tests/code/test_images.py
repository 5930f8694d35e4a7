from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from adclick.images import MAX_BYTES, ImageError, decode_image
from tests.logs import encoded, picture

SHAPE = (16, 20, 3)
KINDS = ("JPEG", "PNG", "GIF", "WEBP")


def decoded(image: Image.Image, kind: str = "PNG", **options: object) -> np.ndarray:
    return decode_image(encoded(image, kind, **options), SHAPE)


def gap(left: np.ndarray, right: np.ndarray) -> float:
    """Mean difference of two pictures, of 255."""
    return float(np.abs(left.astype(int) - right.astype(int)).mean())


def png_header(width: int, height: int) -> bytes:
    """A PNG file that promises so many pixels and holds none."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    file = b"\x89PNG\r\n\x1a\n"
    for chunk in (header, b"IDAT", b"IEND"):
        file += struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return file


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [(20, 16), (9, 8), (400, 120), (333, 501)])
def test_every_format_and_size_becomes_the_same_array(kind: str, size: tuple[int, int]) -> None:
    image = picture(1, *size).convert("L").convert("RGB")
    pixels = decoded(image, kind)
    assert pixels.shape == SHAPE
    assert pixels.dtype == np.uint8
    reference = np.asarray(image.resize((20, 16), Image.Resampling.BILINEAR))
    assert gap(pixels, reference) < 8


@pytest.mark.parametrize("kind", KINDS)
def test_red_comes_first(kind: str) -> None:
    pixels = decoded(Image.new("RGB", (40, 32), (250, 120, 10)), kind)
    assert gap(pixels, np.full(SHAPE, (250, 120, 10))) < 4


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "I;16"])
def test_pngs_of_every_colour_model_are_read(mode: str) -> None:
    image = Image.new(mode, (40, 32)) if mode == "I;16" else picture(2, mode="L").convert(mode)
    assert decoded(image).shape == SHAPE


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_shows_the_white_page_below(mode: str) -> None:
    image = Image.new("RGBA", (40, 32), (0, 0, 0, 0)).convert(mode)
    options = {"transparency": image.getpixel((0, 0))} if mode == "P" else {}
    assert decoded(image, **options).min() == 255


def test_the_first_frame_of_an_animation_counts() -> None:
    frames = [Image.new("RGB", (20, 16), colour) for colour in ("red", "blue")]
    pixels = decoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert pixels[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"<svg xmlns='http://www.w3.org/2000/svg' width='300' height='250'/>",
        b"<!DOCTYPE html><html><body>404</body></html>",
        b"%PDF-1.7\n",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 300 250\n",
        encoded(picture(1), "TIFF"),
    ],
)
def test_what_is_no_image_is_refused(data: bytes) -> None:
    with pytest.raises(ImageError, match="unreadable image: no JPEG, PNG, WebP or GIF"):
        decode_image(data, SHAPE)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_tiny_image_is_refused(kind: str) -> None:
    with pytest.raises(ImageError, match="tiny image: 7x300 pixels, at least 8 a side"):
        decoded(picture(4, 7, 300), kind)


@pytest.mark.parametrize("size", [(8_001, 8_000), (100_000, 100_000), (2**31 - 1, 2**31 - 1)])
def test_a_decompression_bomb_is_refused_by_its_header(size: tuple[int, int]) -> None:
    with pytest.raises(ImageError, match="image too large"):
        decode_image(png_header(*size), SHAPE)


def test_a_huge_jpeg_is_refused_by_its_header() -> None:
    data = bytearray(encoded(picture(5)))
    size = data.index(b"\xff\xc0") + 5
    data[size : size + 4] = struct.pack(">HH", 60_000, 60_000)
    with pytest.raises(ImageError, match="image too large: 60000x60000 pixels, at most 64,000,000"):
        decode_image(bytes(data), SHAPE)


def test_a_huge_file_is_refused_unread() -> None:
    with pytest.raises(ImageError, match="image too large: 33,554,433 bytes, at most 33,554,432"):
        decode_image(bytes(MAX_BYTES + 1), SHAPE)


@given(
    kind=st.sampled_from(KINDS),
    spot=st.floats(0, 1, exclude_max=True),
    garbage=st.binary(min_size=1, max_size=20),
)
def test_a_damaged_image_is_read_or_refused(kind: str, spot: float, garbage: bytes) -> None:
    data = bytearray(encoded(picture(6), kind))
    start = int(spot * len(data))
    data[start : start + len(garbage)] = garbage
    try:
        assert decode_image(bytes(data), SHAPE).shape == SHAPE
    except ImageError as error:
        assert "\n" not in str(error)


def test_decoding_again_gives_the_same_pixels() -> None:
    data = encoded(picture(7, 300, 250))
    assert (decode_image(data, SHAPE) == decode_image(data, SHAPE)).all()
