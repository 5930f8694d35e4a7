"""JSON Schemas of the features that a request may send: values that fit them get a score."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from adclick.columns import (
    LONGEST_VALUE,
    CategoricalColumn,
    CreativeColumn,
    ImageColumn,
    NumericColumn,
    TextColumn,
    TimeColumn,
)
from adclick.numbers import LARGEST
from adclick.schema import Schema

JsonSchema = dict[str, Any]

# days that exist; of the years whose leap ones a short pattern tells
DAYS = (
    r"20([0-9]{2}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)"
    r"|02-(0[1-9]|1[0-9]|2[0-8]))|([02468][048]|[13579][26])-02-29)"
)
CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?"
ZONE = r"(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])?"
LAST_SECOND = 253_402_300_799
VISIBLE = r"[^\s\u0085\u001c-\u001f]"


def feature_schemas(schema: Schema, images: bool) -> dict[str, JsonSchema]:
    """What each feature of a candidate may be, by name; with `images`, the image column too."""
    names = (*schema.features, *schema.named("image")) if images else schema.features
    return {name: ROLES[schema.columns[name].role](schema.columns[name]) for name in names}


def required_features(schema: Schema) -> list[str]:
    """The features that no default stands in for."""
    defaults = {**schema.categorical, **schema.texts, **schema.numeric}.items()
    return [schema.time, *(name for name, column in defaults if column.default is None)]


def _time(column: TimeColumn) -> JsonSchema:
    if column.format == "epoch":
        described = "seconds since 1970, in UTC"
        return {"type": "number", "minimum": 0, "maximum": LAST_SECOND, "description": described}
    if column.format == "iso":
        described = "a time in UTC, unless it has a zone"
        return {"type": "string", "pattern": f"^{DAYS}T{CLOCK}{ZONE}$", "description": described}
    described = f"a time as strptime reads it with {column.format}"
    return {"type": "string", "description": described}


def _creative(_: CreativeColumn) -> JsonSchema:
    return {
        **_text(),
        "type": ["string", "null"],
        "description": "the ad's id; one that the model does not know is scored as an average ad",
    }


def _image(_: ImageColumn) -> JsonSchema:
    return {
        "type": ["string", "null"],
        "description": "the image of a creative that the model does not know: a JPEG, PNG, WebP or "
        "GIF as base64, or its address where the server fetches from that host",
    }


def _category(column: CategoricalColumn) -> JsonSchema:
    optional = [] if column.default is None else ["", None]
    described = {} if column.default is None else {"default": column.default}
    if column.allowed is not None:
        return {"enum": [*column.allowed, *optional], **described}
    text = _text() if column.default is None else {"maxLength": LONGEST_VALUE}
    nothing = ["null"] if optional else []
    return {"type": ["string", "integer", *nothing], **text, **described}


def _words(column: TextColumn) -> JsonSchema:
    if column.default is None:
        return {"type": "string", **_text()}
    return {
        "type": ["string", "null"],
        "maxLength": LONGEST_VALUE,
        "default": column.default,
    }


def _number(column: NumericColumn) -> JsonSchema:
    low = -LARGEST if column.min is None else max(column.min, -LARGEST)
    high = LARGEST if column.max is None else min(column.max, LARGEST)
    bounds = {"minimum": low, "maximum": high}
    if column.default is None:
        return {"type": "number", **bounds}
    return {"type": ["number", "null"], **bounds, "default": column.default}


def _text() -> JsonSchema:
    return {"minLength": 1, "maxLength": LONGEST_VALUE, "pattern": VISIBLE}


ROLES: dict[str, Callable[[Any], JsonSchema]] = {
    "time": _time,
    "creative": _creative,
    "image": _image,
    "categorical": _category,
    "text": _words,
    "numeric": _number,
}
