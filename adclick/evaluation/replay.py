"""Rows of the test months as requests, with what a model makes of them offline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adclick.arrays import Float32, Float64, UInt8
from adclick.encoding.encoder import Encoded, FeatureEncoder


@dataclass(frozen=True)
class Replay:
    """n rows: `requests[i]` are the features that an ad service would send for row `ids[i]`.

    Offline they are `encoded` by `encoder`, their creatives have the `embeddings` (n, E), and their
    click probabilities are `scores` (n,). `images` (k, height, width, 3) are the creatives of the
    first k rows. Without images in the log there are neither.
    """

    ids: tuple[str, ...]
    requests: tuple[Mapping[str, Any], ...]
    encoder: FeatureEncoder
    encoded: Encoded
    scores: Float64
    embeddings: Float32 | None = None
    images: UInt8 | None = None
