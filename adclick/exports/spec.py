"""What an encoder is, said for any language: from it those of exports are made."""

from __future__ import annotations

import numpy as np
from pydantic import BaseModel, ConfigDict

from adclick.arrays import Float64
from adclick.bundle.bundle import ServingBundle
from adclick.columns import LONGEST_VALUE, CategoricalColumn, NumericColumn
from adclick.encoding.encoder import CategoricalEncoding, NumericEncoding
from adclick.errors import AdclickError
from adclick.model.calibration import Calibration
from adclick.numbers import LARGEST
from adclick.schema import Schema


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class TextSpec(_Frozen):
    """A column of text: slot i + 1 stands for values[i], slot 0 for all others.

    Where `allowed` is there, a value that is not among them is refused. `default` stands for one
    that is missing; without it that is refused, but for `optional` ones, which get slot 0.
    """

    name: str
    values: tuple[str, ...]
    allowed: tuple[str, ...] | None
    default: str | None
    optional: bool


class NumberSpec(_Frozen):
    """A column of numbers: (x - mean) / scale, where x is log1p of the value if `log`, and a slot.

    The slot is how many of `edges` are not above the value itself: a logarithm's last bit differs
    between languages, and would put a value that lies on an edge into another slot.
    """

    name: str
    min: float | None
    max: float | None
    default: float | None
    log: bool
    mean: float
    scale: float
    edges: tuple[float, ...]


class ImageSpec(_Frozen):
    """The pixels that the image tower takes."""

    height: int
    width: int


class EncoderSpec(_Frozen):
    """All that turns a request's features into what the network takes, and its logit into a score.

    Slots come in this order: `text`, the slots of `numbers`, hour of day, day of week (Monday is
    0), both in UTC. Texts lose the spaces around them and have at most `longest` characters,
    numbers are finite and at most `largest`. `time_format` is `iso`, `epoch` or a strptime pattern.
    `creative` is looked up among embeddings where `image` is there, and else one of `text`.
    """

    version: str
    time: str
    time_format: str
    creative: str | None
    image: ImageSpec | None
    text: tuple[TextSpec, ...]
    numbers: tuple[NumberSpec, ...]
    features: tuple[str, ...]
    longest: int
    largest: float
    calibration: Calibration


def encoder_spec(bundle: ServingBundle) -> EncoderSpec:
    """The specification of a bundle's encoder; raises AdclickError for columns of role text."""
    schema, encoder = bundle.schema, bundle.encoder
    if encoder.text:
        raise AdclickError(
            f"version {bundle.version} reads column {encoder.text[0].name} of role text, which "
            "exports cannot yet: export a version that was trained with it as `ignored`"
        )
    shape = schema.image_shape
    return EncoderSpec(
        version=bundle.version,
        time=schema.time,
        time_format=schema.time_format,
        creative=schema.creative,
        image=ImageSpec(height=shape[0], width=shape[1]) if shape else None,
        text=tuple(_text(schema, encoding) for encoding in encoder.categorical),
        numbers=tuple(_number(schema, encoding) for encoding in encoder.numeric),
        features=schema.features,
        longest=LONGEST_VALUE,
        largest=LARGEST,
        calibration=bundle.manifest.calibration,
    )


def _text(schema: Schema, encoding: CategoricalEncoding) -> TextSpec:
    column = schema.columns[encoding.name]
    declared = column if isinstance(column, CategoricalColumn) else None
    return TextSpec(
        name=encoding.name,
        values=encoding.values,
        allowed=declared.allowed if declared else None,
        default=declared.default if declared else None,
        optional=declared is None,
    )


def _number(schema: Schema, encoding: NumericEncoding) -> NumberSpec:
    column = schema.columns[encoding.name]
    assert isinstance(column, NumericColumn)
    return NumberSpec(
        name=encoding.name,
        min=column.min,
        max=column.max,
        default=column.default,
        log=encoding.log,
        mean=encoding.mean,
        scale=encoding.scale,
        edges=tuple(first_at(encoding, edge) for edge in encoding.edges),
    )


def first_at(encoding: NumericEncoding, edge: float) -> float:
    """The smallest value whose transformation is not below the edge."""
    if not encoding.log:
        return edge

    def reaches(value: Float64) -> bool:
        return bool(encoding.transform(np.array([value], np.float64))[0] >= edge)

    value = np.expm1(np.float64(edge))
    while not reaches(value):
        value = np.nextafter(value, np.inf)
    while value > 0 and reaches(below := np.nextafter(value, -np.inf)):
        value = below
    return float(value)
