"""What an ad looks like: a 300x250 banner that shows each of a creative's traits."""

from __future__ import annotations

import colorsys
import io
from collections.abc import Callable
from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from adclick.sample_data.creatives import ADVERTISERS, CATEGORY, Creatives

WIDTH, HEIGHT = 300, 250
QUALITY = 85

Colour = tuple[int, int, int]

WORDS = (
    "new", "fresh", "summer", "deals", "today", "only", "for", "you",
    "best", "of", "the", "year", "get", "more", "save", "big",
    "try", "it", "free", "now", "made", "with", "love", "easy",
    "your", "next", "great", "style", "at", "home", "every", "day",
)  # fmt: skip
ACTIONS = ("Shop now", "Learn more", "Try it", "Sign up", "Get offer", "Book now")
DISCOUNTS = ("-10%", "-20%", "-30%", "-50%", "$9", "$19")
SKINS: tuple[Colour, ...] = ((255, 219, 190), (234, 186, 150), (190, 134, 96), (120, 80, 56))
HAIRS: tuple[Colour, ...] = ((40, 30, 26), (96, 58, 34), (210, 168, 92), (150, 150, 150))


def render(creatives: Creatives, index: int) -> Image.Image:
    """The banner of one creative: an RGB image of 300x250 pixels.

    Half of the picture holds headline, face and call to action, the other the product with its
    badge; which is where, the clutter's places and all words are the creative's `look_seed`.
    """
    rng = np.random.default_rng(int(creatives.look_seed[index]))
    warmth = float(creatives.warmth[index])
    saturation = float(creatives.saturation[index])
    darkness = float(creatives.darkness[index])
    advertiser = int(creatives.advertiser[index])
    # From blue over violet and red to orange, so that each hue is warmer than the one before.
    hue = 0.6 + 0.46 * warmth + rng.uniform(-0.02, 0.02)
    vivid = 0.12 + 0.7 * saturation
    back = _colour(hue, vivid, 0.95 - 0.6 * darkness)
    is_light = _luminance(back) > 128
    ink: Colour = (28, 28, 36) if is_light else (248, 248, 244)

    image = _background(back, _colour(hue, vivid * 0.7, min(1.0, 1.04 - 0.5 * darkness)))
    draw = ImageDraw.Draw(image)
    left, right = (8, 150) if rng.random() < 0.5 else (158, 8)
    _product(
        draw,
        category=int(CATEGORY[advertiser]),
        centre=(right + 68, 128),
        size=float(creatives.product_size[index]),
        colour=_colour(hue + rng.uniform(0.35, 0.65), 0.25 + 0.55 * saturation, 0.8),
        edge=ink,
    )
    _clutter(draw, rng, int(creatives.clutter[index]))
    if creatives.badge[index]:
        _badge(draw, (right + 110 - 84 * int(rng.random() < 0.3), 46), str(rng.choice(DISCOUNTS)))
    words = rng.choice(WORDS, int(creatives.words[index])).tolist()
    _headline(draw, (left, 10), [words[0].capitalize(), *words[1:]], ink)
    if creatives.face[index]:
        _face(draw, (left + 66, 152), rng)
    action, contrast = str(rng.choice(ACTIONS)), float(creatives.contrast[index])
    _action(draw, left, action, back=back, ink=ink, contrast=contrast)
    _write(draw, (right + 40, 234), ADVERTISERS[advertiser], 10, ink)
    return image


def encode_jpeg(image: Image.Image) -> bytes:
    """The image as a JPEG file of quality 85."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=QUALITY)
    return buffer.getvalue()


def _colour(hue: float, saturation: float, value: float) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1.0, saturation, value)
    return round(255 * red), round(255 * green), round(255 * blue)


def _luminance(colour: Colour) -> float:
    return 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]


def _blend(first: Colour, second: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


@cache
def _text(text: str, size: int) -> Image.Image:
    # Drawing letters is most of the time of a banner, and few different texts are drawn.
    font = ImageFont.load_default(size)
    _, _, right, bottom = font.getbbox(text, anchor="ls")
    mask = Image.new("L", (round(right), size + round(bottom)))
    ImageDraw.Draw(mask).text((0, size), text, font=font, fill=255, anchor="ls")
    return mask


def _write(
    draw: ImageDraw.ImageDraw, corner: tuple[int, int], text: str, size: int, ink: Colour
) -> int:
    """Writes `text` from the upper left `corner` on; returns where it ends."""
    mask = _text(text, size)
    draw.bitmap(corner, mask, fill=ink)
    return corner[0] + mask.width


def _centre(
    draw: ImageDraw.ImageDraw, middle: tuple[int, int], text: str, size: int, ink: Colour
) -> None:
    corner = middle[0] - _text(text, size).width // 2, middle[1] - round(size * 0.62)
    _write(draw, corner, text, size, ink)


@cache
def _fade() -> Image.Image:
    return Image.linear_gradient("L").resize((WIDTH, HEIGHT))


def _background(top: Colour, bottom: Colour) -> Image.Image:
    size = (WIDTH, HEIGHT)
    return Image.composite(Image.new("RGB", size, bottom), Image.new("RGB", size, top), _fade())


def _clutter(draw: ImageDraw.ImageDraw, rng: np.random.Generator, shapes: int) -> None:
    # A cell of a 5 x 4 grid each, so that shapes do not hide one another and their number shows.
    for cell in rng.permutation(20)[:shapes]:
        x, y = cell % 5 * 58 + rng.uniform(0, 24), cell // 5 * 60 + rng.uniform(0, 30)
        size = rng.uniform(20, 36)
        colour = _colour(rng.random(), 0.75, rng.uniform(0.5, 1.0))
        kind = rng.integers(3)
        if kind == 0:
            draw.ellipse((x, y, x + size, y + size), fill=colour)
        elif kind == 1:
            draw.polygon([(x, y + size), (x + size / 2, y), (x + size, y + size)], fill=colour)
        else:
            draw.line(
                [(x, y), (x + size / 2, y + size), (x + size, y), (x + 1.5 * size, y + size)],
                fill=colour,
                width=6,
            )


def _product(
    draw: ImageDraw.ImageDraw,
    *,
    category: int,
    centre: tuple[int, int],
    size: float,
    colour: Colour,
    edge: Colour,
) -> None:
    side = 36 + 104 * size
    x, y = centre[0] - side / 2, centre[1] - side / 2
    dark, light = _blend(colour, (0, 0, 0), 0.35), _blend(colour, (255, 255, 255), 0.45)

    def box(left: float, top: float, right: float, bottom: float) -> tuple[float, ...]:
        return x + left * side, y + top * side, x + right * side, y + bottom * side

    draw.ellipse(box(0.02, 0.92, 0.98, 1.06), fill=dark)
    _SHAPES[category % len(_SHAPES)](draw, box, side, (colour, dark, light), edge)


Box = Callable[[float, float, float, float], tuple[float, ...]]
Shades = tuple[Colour, Colour, Colour]


def _bag(draw: ImageDraw.ImageDraw, box: Box, side: float, shades: Shades, edge: Colour) -> None:
    colour, dark, light = shades
    draw.arc(box(0.3, 0, 0.7, 0.5), 180, 360, fill=edge, width=max(2, round(side / 24)))
    draw.rectangle(box(0.08, 0.25, 0.92, 1), fill=colour, outline=edge)
    draw.rectangle(box(0.08, 0.25, 0.92, 0.38), fill=dark)
    draw.ellipse(box(0.36, 0.5, 0.64, 0.78), fill=light)


def _bottle(draw: ImageDraw.ImageDraw, box: Box, side: float, shades: Shades, edge: Colour) -> None:
    colour, dark, light = shades
    draw.rectangle(box(0.4, 0.1, 0.6, 0.4), fill=colour, outline=edge)
    draw.rectangle(box(0.37, 0, 0.63, 0.12), fill=dark)
    draw.rounded_rectangle(box(0.15, 0.28, 0.85, 1), side / 7, fill=colour, outline=edge)
    draw.rectangle(box(0.15, 0.52, 0.85, 0.82), fill=light)


def _phone(draw: ImageDraw.ImageDraw, box: Box, side: float, shades: Shades, edge: Colour) -> None:
    colour, dark, light = shades
    draw.rounded_rectangle(box(0.12, 0, 0.88, 1), side / 10, fill=dark, outline=edge)
    draw.rectangle(box(0.18, 0.1, 0.82, 0.88), fill=colour)
    draw.polygon(
        [box(0.18, 0.88, 0, 0)[:2], box(0.82, 0.3, 0, 0)[:2], box(0.82, 0.88, 0, 0)[:2]], fill=light
    )


def _car(draw: ImageDraw.ImageDraw, box: Box, side: float, shades: Shades, edge: Colour) -> None:
    colour, dark, light = shades
    draw.rounded_rectangle(box(0.18, 0.12, 0.82, 0.7), side / 6, fill=colour, outline=edge)
    draw.rectangle(box(0.28, 0.24, 0.72, 0.48), fill=light)
    draw.rounded_rectangle(box(0, 0.46, 1, 0.86), side / 9, fill=colour, outline=edge)
    for wheel in (0.1, 0.66):
        draw.ellipse(box(wheel, 0.7, wheel + 0.24, 0.98), fill=dark, outline=edge)


_SHAPES = (_bag, _bottle, _phone, _car)


def _badge(draw: ImageDraw.ImageDraw, centre: tuple[int, int], text: str) -> None:
    draw.regular_polygon((centre, 30), 12, fill=(255, 214, 10), outline=(120, 0, 0))
    draw.regular_polygon((centre, 25), 12, fill=(214, 24, 36))
    _centre(draw, centre, text, 18, (255, 255, 255))


def _headline(
    draw: ImageDraw.ImageDraw, corner: tuple[int, int], words: list[str], ink: Colour
) -> None:
    x = 0
    for number, word in enumerate(words):
        line, is_second = divmod(number, 2)
        start = x + 6 if is_second else corner[0]
        x = _write(draw, (start, corner[1] + 26 * line), word, 23, ink)


def _face(draw: ImageDraw.ImageDraw, centre: tuple[int, int], rng: np.random.Generator) -> None:
    x, y = centre
    skin, hair = SKINS[rng.integers(len(SKINS))], HAIRS[rng.integers(len(HAIRS))]
    draw.ellipse((x - 33, y - 42, x + 33, y + 24), fill=hair)
    draw.ellipse((x - 27, y - 30, x + 27, y + 38), fill=skin)
    for eye in (x - 11, x + 11):
        draw.ellipse((eye - 4, y - 6, eye + 4, y + 2), fill=(255, 255, 255))
        draw.ellipse((eye - 2, y - 4, eye + 2, y), fill=(30, 30, 30))
    draw.arc((x - 13, y + 4, x + 13, y + 26), 20, 160, fill=(170, 50, 60), width=3)


def _action(
    draw: ImageDraw.ImageDraw, left: int, text: str, *, back: Colour, ink: Colour, contrast: float
) -> None:
    strong: Colour = (255, 120, 0) if _luminance(back) < 128 else (0, 60, 160)
    fill = _blend(back, strong, 0.08 + 0.92 * contrast)
    label: Colour = (255, 255, 255) if _luminance(fill) < 140 else (20, 20, 20)
    draw.rounded_rectangle(
        (left, 202, left + 132, 240), 9, fill=fill, outline=_blend(fill, ink, 0.3)
    )
    _centre(draw, (left + 66, 221), text, 20, _blend(fill, label, 0.35 + 0.65 * contrast))
