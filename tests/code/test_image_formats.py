"""Each format's own ways: EXIF, CMYK, Adam7, palettes, frames, and files that end too soon."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import zlib
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from adclick.exif import HEADER, jpeg_orientation, orientation
from adclick.images import ImageError, decode_image
from tests.logs import encoded, picture

SHAPE = (16, 20, 3)
WHITE = [255, 255, 255]
ORIENTATIONS = range(1, 9)
PNG = b"\x89PNG\r\n\x1a\n"
ADAM7 = (
    (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)
)  # fmt: skip


def decoded(image: Image.Image, kind: str, **options: object) -> np.ndarray:
    return decode_image(encoded(image, kind, **options), SHAPE)


def gap(left: np.ndarray, right: np.ndarray) -> float:
    return float(np.abs(left.astype(int) - right.astype(int)).mean())


def by_pillow(data: bytes) -> np.ndarray:
    """The image in full size, upright, then resized."""
    with Image.open(io.BytesIO(data)) as image:
        upright = ImageOps.exif_transpose(image).convert("RGB")
    return np.asarray(upright.resize((SHAPE[1], SHAPE[0]), Image.Resampling.BILINEAR))


def exif(turn: int, order: str = "<") -> bytes:
    """EXIF data of either byte order: another tag, then the orientation."""
    mark = b"II*\0" if order == "<" else b"MM\0*"
    software = struct.pack(f"{order}HHI4s", 0x0131, 2, 4, b"ad\0\0")
    tag = struct.pack(f"{order}HHIHH", 0x0112, 3, 1, turn, 0)
    return HEADER + mark + struct.pack(f"{order}IH", 8, 2) + software + tag + bytes(4)


def chunk(kind: bytes, content: bytes) -> bytes:
    check = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)


def png(rows: bytes, depth: int, colour: int, before: bytes = b"", interlaced: int = 0) -> bytes:
    """A PNG of 20x16 pixels from its filtered rows, with chunks `before` them."""
    header = struct.pack(">IIBBBBB", 20, 16, depth, colour, 0, 0, interlaced)
    data = chunk(b"IDAT", zlib.compress(rows))
    return PNG + chunk(b"IHDR", header) + before + data + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("size", [(400, 120), (120, 400), (20, 16)])
@pytest.mark.parametrize("turn", ORIENTATIONS)
def test_an_image_is_upright(kind: str, size: tuple[int, int], turn: int) -> None:
    data = encoded(picture(1, *size), kind, exif=exif(turn))
    assert gap(decode_image(data, SHAPE), by_pillow(data)) < 6


@pytest.mark.parametrize("turn", [6, 8])
def test_a_lying_jpeg_is_decoded_as_finely_as_an_upright_one(turn: int) -> None:
    stripes = np.zeros((160, 1000, 3), np.uint8)
    stripes[::20] = stripes[1::20] = 255
    down = Image.Transpose.ROTATE_90 if turn == 6 else Image.Transpose.ROTATE_270
    lying = Image.fromarray(stripes).transpose(down)
    data = encoded(lying, "JPEG", quality=95, exif=exif(turn))
    shape = (80, 90, 3)
    pixels = decode_image(data, shape)
    upright = decode_image(encoded(Image.fromarray(stripes), "JPEG", quality=95), shape)
    assert gap(pixels, upright) < 2


@given(turn=st.integers(0, 20), order=st.sampled_from("<>"))
def test_the_orientation_is_read_in_either_byte_order(turn: int, order: str) -> None:
    assert orientation(exif(turn, order)) == (turn if turn in ORIENTATIONS else 1)


@given(st.binary(max_size=80), st.integers(0, 60))
def test_damaged_exif_never_turns_an_image_by_accident(garbage: bytes, cut: int) -> None:
    assert orientation(garbage) in ORIENTATIONS
    assert orientation(exif(6)[:cut]) in (1, 6)
    assert jpeg_orientation(b"\xff\xd8" + garbage) in ORIENTATIONS


def test_exif_behind_other_headers_is_found_and_in_the_picture_is_not() -> None:
    jpeg = encoded(picture(2), "JPEG", icc_profile=bytes(70_000))
    segment = exif(8)
    marker = b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment
    start = jpeg.index(b"\xff\xdb")
    assert jpeg_orientation(jpeg[:start] + marker + jpeg[start:]) == 8
    assert jpeg_orientation(jpeg + marker) == 1


@pytest.mark.parametrize("transform", [0, 2], ids=["CMYK", "YCCK"])
@pytest.mark.parametrize("marked", [True, False])
def test_inks_become_colours_as_pillow_has_it(transform: int, marked: bool) -> None:
    cyan, magenta, yellow, _ = picture(3, 200, 150).convert("CMYK").split()
    black = picture(4, 200, 150, "L").point(lambda value: value // 2)
    data = bytearray(encoded(Image.merge("CMYK", (cyan, magenta, yellow, black)), "JPEG"))
    adobe = data.index(b"Adobe")
    data[adobe + 11] = transform
    if not marked:
        del data[adobe - 4 : adobe + 12]
    assert gap(decode_image(bytes(data), SHAPE), by_pillow(bytes(data))) < 3


@pytest.mark.parametrize("options", [{"progressive": True}, {"keep_rgb": True}, {"subsampling": 2}])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_every_kind_of_jpeg_is_read(mode: str, options: dict[str, object]) -> None:
    if mode == "L":
        options = {key: value for key, value in options.items() if key == "progressive"}
    data = encoded(picture(5, 300, 250, mode), "JPEG", **options)
    assert gap(decode_image(data, SHAPE), by_pillow(data)) < 8


def test_a_small_image_is_enlarged() -> None:
    small = picture(6, 10, 8)
    expected = np.asarray(small.resize((20, 16), Image.Resampling.BILINEAR))
    assert (decoded(small, "PNG") == expected).all()
    assert gap(decoded(small, "JPEG", quality=95, subsampling=0), expected) < 5


# left half, right half, the transparent colour, and what is to be seen of both halves
GREYS = {
    1: (b"\xff\xc0\0", 0),
    2: (b"\xaa\xaa\xa5\x55\x55", 1),
    4: (b"\x88" * 5 + b"\x44" * 5, 4),
    8: (b"\x80" * 10 + b"\x40" * 10, 0x40),
    16: (b"\x80\x7f" * 10 + b"\x40\x7f" * 10, 0x407F),
}
SHADES = {1: (255, 0), 2: (170, 85), 4: (136, 68), 8: (128, 64), 16: (128, 64)}


@pytest.mark.parametrize("depth", GREYS)
def test_grey_pngs_of_every_depth_keep_their_shades(depth: int) -> None:
    row, transparent = GREYS[depth]
    pixels = decode_image(png((b"\0" + row) * 16, depth, 0), SHAPE)
    assert [pixels[8, 2, 0], pixels[8, 17, 0]] == list(SHADES[depth])
    through = chunk(b"tRNS", struct.pack(">H", transparent))
    pixels = decode_image(png((b"\0" + row) * 16, depth, 0, through), SHAPE)
    assert [pixels[8, 2, 0], pixels[8, 17, 0]] == [SHADES[depth][0], 255]


@pytest.mark.parametrize(("colour", "pixel"), [(2, "234"), (4, "2f"), (6, "234f")])
def test_sixteen_bits_a_channel_become_eight(colour: int, pixel: str) -> None:
    samples = {"2": b"\x20\xff", "3": b"\x30\xff", "4": b"\x40\xff", "f": b"\xff\xff"}
    row = b"\0" + b"".join(samples[sample] for sample in pixel) * 20
    expected = [32, 32, 32] if colour == 4 else [32, 48, 64]
    assert decode_image(png(row * 16, 16, colour), SHAPE)[5, 5].tolist() == expected


def test_half_transparent_palette_entries_shine_half_through() -> None:
    palette = chunk(b"PLTE", bytes([255, 0, 0, 0, 0, 255])) + chunk(b"tRNS", bytes([128]))
    pixels = decode_image(png((b"\0" + bytes(10) + b"\1" * 10) * 16, 8, 3, palette), SHAPE)
    assert pixels[5, 17].tolist() == [0, 0, 255]
    assert gap(pixels[5, 2], np.array([255, 127, 127])) < 1


def test_an_interlaced_png_is_the_same_picture() -> None:
    image = np.asarray(picture(7, 20, 16))
    plain = b"".join(b"\0" + row.tobytes() for row in image)

    def passes() -> Iterator[bytes]:
        for left, top, right, down in ADAM7:
            for row in image[top::down, left::right]:
                yield b"\0" + row.tobytes()

    interlaced = decode_image(png(b"".join(passes()), 8, 2, interlaced=1), SHAPE)
    assert (interlaced == decode_image(png(plain, 8, 2), SHAPE)).all()
    assert (interlaced == image).all()


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_colours_of_transparent_parts_do_not_bleed(kind: str) -> None:
    pixels = np.zeros((160, 200, 4), np.uint8)
    pixels[:, :105] = (0, 200, 0, 255)
    pixels[:, 105:] = (255, 0, 255, 0)
    options = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    found = decoded(Image.fromarray(pixels), kind, **options)
    assert found[8, 2].tolist() == [0, 200, 0]
    assert found[8, 17].tolist() == WHITE
    assert (found[8, :, 0] <= found[8, :, 1]).all()


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_the_first_frame_counts(kind: str) -> None:
    first, second = picture(8, 20, 16), picture(9, 20, 16)
    options = {"lossless": True} if kind == "WEBP" else {}
    moving = decoded(first, kind, save_all=True, append_images=[second], **options)
    assert (moving == decoded(first, kind, **options)).all()


@pytest.mark.parametrize("transparent", [False, True])
def test_what_a_gif_frame_leaves_out_is_white(transparent: bool) -> None:
    small = Image.new("P", (10, 8), 1)
    small.putpalette([0, 0, 0, 250, 10, 20, 0, 255, 0])
    small.paste(2, (0, 0, 5, 8))
    options = {"transparency": 2} if transparent else {}
    gif = bytearray(encoded(small, "GIF", optimize=False, **options))
    gif[6:10] = struct.pack("<HH", 20, 16)
    frame = gif.index(b"\x2c", 13 + 3 * 2 ** ((gif[10] & 7) + 1))
    gif[frame + 1 : frame + 5] = struct.pack("<HH", 10, 4)
    pixels = decode_image(bytes(gif), SHAPE)
    assert pixels[0, 0].tolist() == pixels[15, 15].tolist() == pixels[15, 0].tolist() == WHITE
    assert pixels[8, 17].tolist() == [250, 10, 20]
    assert pixels[8, 12].tolist() == (WHITE if transparent else [0, 255, 0])


LARGE, SMALL, NEXT = picture(10, 200, 150), picture(10, 60, 50), picture(11, 60, 50)
WHOLE = {
    "JPEG": encoded(LARGE, "JPEG"),
    "progressive": encoded(LARGE, "JPEG", progressive=True),
    "restarts": encoded(LARGE, "JPEG", restart_marker_blocks=4),
    "grey": encoded(LARGE.convert("L"), "JPEG"),
    "CMYK": encoded(LARGE.convert("CMYK"), "JPEG"),
    "EXIF": encoded(LARGE, "JPEG", exif=exif(6)),
    "PNG": encoded(SMALL, "PNG"),
    "palette": encoded(SMALL.quantize(), "PNG"),
    "GIF": encoded(SMALL, "GIF"),
    "WebP": encoded(LARGE, "WEBP"),
    "lossless": encoded(SMALL, "WEBP", lossless=True),
    "moving WebP": encoded(SMALL, "WEBP", save_all=True, append_images=[NEXT]),
    "moving GIF": encoded(SMALL, "GIF", save_all=True, append_images=[NEXT]),
}


@given(name=st.sampled_from(sorted(WHOLE)), share=st.floats(0, 1, exclude_max=True))
def test_a_cut_off_image_is_never_half_an_image(name: str, share: float) -> None:
    data = WHOLE[name]
    try:
        pixels = decode_image(data[: int(share * len(data))], SHAPE)
    except ImageError:
        return
    # what is missing comes after the picture: a check sum, the next frame
    assert (pixels == decode_image(data, SHAPE)).all()
    assert name in ("PNG", "palette", "GIF", "moving GIF")


@pytest.mark.parametrize("name", WHOLE)
def test_a_cut_off_image_is_called_truncated(name: str) -> None:
    data = WHOLE[name]
    with pytest.raises(ImageError, match="truncated image: the file ends"):
        decode_image(data[: len(data) // 3], SHAPE)


@pytest.mark.parametrize("name", ["JPEG", "progressive", "CMYK"])
def test_a_jpeg_cut_off_and_closed_is_refused(name: str) -> None:
    data = WHOLE[name]
    scan = data.rindex(b"\xff\xda")
    with pytest.raises(ImageError, match="unreadable image: damaged"):
        decode_image(data[: (scan + len(data)) // 2] + b"\xff\xd9", SHAPE)


@pytest.mark.parametrize("name", WHOLE)
def test_the_suffix_does_not_count_but_the_first_bytes_do(name: str) -> None:
    with pytest.raises(ImageError, match="unreadable image: no JPEG, PNG, WebP or GIF"):
        decode_image(b"\n" + WHOLE[name], SHAPE)


@given(
    start=st.sampled_from([b"", b"\xff\xd8\xff", PNG, b"GIF89a", b"RIFF\x40\0\0\0WEBPVP8 "]),
    rest=st.binary(max_size=300),
)
def test_any_bytes_are_an_image_or_an_image_error(start: bytes, rest: bytes) -> None:
    try:
        assert decode_image(start + rest, SHAPE).shape == SHAPE
    except ImageError as error:
        assert str(error).split(":")[0] in (
            "truncated image",
            "unreadable image",
            "tiny image",
            "image too large",
        )


@pytest.mark.parametrize("times", [1, 100])
def test_bombs_in_a_pngs_texts_are_refused(times: int) -> None:
    size = 50_000_000 if times == 1 else 900_000
    text = chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(size)))
    with pytest.raises(ImageError, match="image too large: its texts are decompression bombs"):
        decode_image(png(bytes(21 * 16), 8, 0, text * times), SHAPE)


LARGEST = """
import io, resource, sys, zlib
sys.path.insert(0, ".")
from tests.code.test_image_formats import PNG, SHAPE, chunk
from adclick.images import decode_image
import struct
row = bytes(1 + 4 * 8000)
packed = zlib.compressobj(1)
data = b"".join(packed.compress(row) for _ in range(8000)) + packed.flush()
header = chunk(b"IHDR", struct.pack(">IIBBBBB", 8000, 8000, 8, 6, 0, 0, 0))
file = PNG + header + chunk(b"IDAT", data) + chunk(b"IEND", b"")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
decode_image(file, SHAPE)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


def test_the_largest_image_that_is_read_takes_half_a_gigabyte() -> None:
    megabytes = float(subprocess.check_output([sys.executable, "-c", LARGEST], text=True))
    assert megabytes < 560
