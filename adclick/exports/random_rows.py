"""Random requests for an encoder, good and bad ones: what two encoders must agree on."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from adclick.bundle.bundle import ServingBundle
from adclick.columns import LONGEST_VALUE
from adclick.encoding.candidate import parse_candidates
from adclick.encoding.encoder import FeatureEncoder
from adclick.encoding.requests import format_time
from adclick.errors import RequestError
from adclick.exports.spec import NumberSpec, TextSpec, encoder_spec
from adclick.schema import Schema

ROWS = 10_000
ODD = 0.02  # how often a value is an odd one, most of which are refused
ALPHABET = "ab0 -é'\"\\\u00a0\u2003漢🙂"
NOWHERE = object()
ENDS = (-math.inf, math.inf)

type Request = dict[str, Any]
type Encoding = tuple[list[int], list[float], str | None]


def random_requests(bundle: ServingBundle, count: int = ROWS, seed: int = 0) -> list[Request]:
    """So many requests, the same for a seed: values that were learned, new ones, those on edges.

    They are what JSON can say.
    """
    draw = random.Random(seed)
    spec = encoder_spec(bundle)
    columns: dict[str, Callable[[], Any]] = {
        spec.time: lambda: _time(draw, spec.time_format),
        **{column.name: _drawing(draw, column, _text) for column in spec.text},
        **{column.name: _drawing(draw, column, _number) for column in spec.numbers},
    }
    if spec.creative is not None and spec.image is not None:
        known = bundle.creative_ids
        ids = TextSpec(name=spec.creative, values=known, allowed=None, default=None, optional=True)
        columns[spec.creative] = _drawing(draw, ids, _text)
    return [_request(draw, columns) for _ in range(count)]


def expected_encodings(bundle: ServingBundle, requests: Sequence[Request]) -> list[Encoding | None]:
    """What the bundle's encoder makes of each request; None for one that it refuses."""
    return [_encoding(bundle.schema, bundle.encoder, request, bundle) for request in requests]


def _encoding(
    schema: Schema, encoder: FeatureEncoder, request: Request, bundle: ServingBundle
) -> Encoding | None:
    try:
        candidates = parse_candidates(schema, [request])
    except RequestError:
        return None
    encoded = encoder.encode_candidates(candidates)
    creative = candidates.columns[str(schema.creative)][0] if bundle.has_images else None
    return encoded.categorical[0].tolist(), encoded.numeric[0].tolist(), creative


def disagreement(
    requests: Sequence[Request],
    expected: Sequence[Encoding | None],
    found: Sequence[Encoding | None],
) -> str | None:
    """The first request that is encoded otherwise, in words; None where all are alike.

    Slots and ids must be equal, and numbers to the last bit of their 32.
    """
    for request, one, other in zip(requests, expected, found, strict=True):
        if _plain(one) != _plain(other):
            return f"{json.dumps(request)} becomes {other}, not {one}"
    return None


def _plain(encoding: Encoding | None) -> Encoding | None:
    if encoding is None:
        return None
    slots, numbers, creative = encoding
    return list(slots), np.array(numbers, np.float32).tolist(), creative


def _request(draw: random.Random, columns: dict[str, Callable[[], Any]]) -> Request:
    drawn = {name: value() for name, value in columns.items()}
    if draw.random() < ODD / 10:
        drawn["colour"] = "red"
    return {name: value for name, value in drawn.items() if value is not NOWHERE}


def _drawing[C](
    draw: random.Random, column: C, value: Callable[[random.Random, C], Any]
) -> Callable[[], Any]:
    return lambda: value(draw, column)


def _time(draw: random.Random, form: str) -> Any:
    if draw.random() < ODD:
        return draw.choice([None, NOWHERE, "", "yesterday", "2024-02-30T00:00:00", True, "12", "T"])
    seconds = draw.choice([draw.uniform(0, 4e9), 3600.0 * draw.randrange(1_000_000)])
    time = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    if form != "iso":
        written = format_time(time, form)
        return _surrounded(draw, written) if isinstance(written, str) else written
    plain = time.replace(tzinfo=None).isoformat(sep=draw.choice("T "))
    minutes = draw.randrange(-14 * 60, 14 * 60)
    zone = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    return _surrounded(draw, plain + draw.choice(["", "", "Z", zone]))


def _text(draw: random.Random, column: TextSpec) -> Any:
    if draw.random() < ODD:
        odd = [None, NOWHERE, "", "  ", 7, True, ["a"], "\ud800", "x" * (LONGEST_VALUE + 1)]
        return draw.choice(odd)
    known = column.values if column.allowed is None else column.allowed
    if known and draw.random() < 0.9:
        return _surrounded(draw, draw.choice(known))
    if column.allowed is not None:
        return draw.choice(column.allowed)
    return "".join(draw.choices(ALPHABET, k=draw.randrange(1, 9))) + "x"


def _surrounded(draw: random.Random, text: str) -> str:
    return draw.choice(["", "", "", " ", "\t", "\u00a0"]) + text + draw.choice(["", "", " ", "\n"])


def _number(draw: random.Random, column: NumberSpec) -> Any:
    if draw.random() < ODD:
        return draw.choice([None, NOWHERE, "7", True, -1e300, 1e39, 10**400, [1], -1, 2**53 + 1])
    if draw.random() < ODD:
        bound = draw.choice([b for b in (column.min, column.max) if b is not None] or [0.0])
        step = draw.choice([0.0, 0.5, 5e-324])
        return draw.choice([bound + step, bound - step, math.nextafter(bound, draw.choice(ENDS))])
    low = column.min if column.min is not None else -1e4
    high = column.max if column.max is not None else max(1e4, 2 * low)
    kind = draw.random()
    if column.edges and kind < 0.4:
        value = draw.choice(column.edges)
        value = draw.choice([value, *(math.nextafter(value, end) for end in ENDS)])
        return min(max(value, low), high)
    if kind < 0.6:
        return draw.randint(math.ceil(low), math.floor(high))
    value = draw.uniform(low, high)
    return value * draw.random() ** 8 if low <= 0 <= high else value
