"""Where a served score differs from the offline score of the same row: in which features."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from adclick.arrays import Array
from adclick.bundle.bundle import ServingBundle
from adclick.encoding.candidate import parse_candidates
from adclick.encoding.encoder import FeatureEncoder
from adclick.evaluation.replay import Replay

EMBEDDING_TOLERANCE = 1e-4
NUMERIC_TOLERANCE = 1e-6


def explain_skew(bundle: ServingBundle, replay: Replay, row: int, served: float) -> str:
    """In a line for people: the row, both scores, and which of its encoded features differ.

    Features are compared as the bundle encodes the request and as training encoded the row.
    """
    differing = list(_differing(bundle, replay, row))
    where = "; ".join(differing) or "no encoded feature differs: the network or its calibration do"
    return (
        f"row {replay.ids[row]} is served {served:.9g}, offline {replay.scores[row]:.9g}; {where}"
    )


def _differing(bundle: ServingBundle, replay: Replay, row: int) -> Iterator[str]:
    candidates = parse_candidates(bundle.schema, [replay.requests[row]])
    ours, theirs = bundle.encoder, replay.encoder
    served = ours.encode_candidates(candidates)
    slots = _slots(ours, served.categorical[0])
    expected = _slots(theirs, replay.encoded.categorical[row])
    for name in {**expected, **slots}:
        if slots.get(name) != expected.get(name):
            yield f"{name}: slot {slots.get(name)}, offline {expected.get(name)}"
    numbers = _by_name([n.name for n in ours.numeric], served.numeric[0])
    offline = _by_name([n.name for n in theirs.numeric], replay.encoded.numeric[row])
    for name in {**offline, **numbers}:
        value, wanted = numbers.get(name, np.nan), offline.get(name, np.nan)
        if not abs(value - wanted) <= NUMERIC_TOLERANCE * max(1.0, abs(wanted)):
            yield f"{name}: {value:.6g}, offline {wanted:.6g}"
    if replay.embeddings is not None and bundle.has_images and bundle.schema.creative:
        creative = candidates.columns[bundle.schema.creative][0]
        yield from _embedding(bundle, replay, row, creative)


def _slots(encoder: FeatureEncoder, slots: Array) -> dict[str, int]:
    words = [name for text in encoder.text for name in text.token_names]
    return dict(zip((*encoder.slot_names, *words), slots.tolist(), strict=True))


def _by_name(names: list[str], values: Array) -> dict[str, float]:
    return dict(zip(names, values.tolist(), strict=True))


def _embedding(
    bundle: ServingBundle, replay: Replay, row: int, creative: str | None
) -> Iterator[str]:
    assert replay.embeddings is not None
    if creative not in bundle.creative_ids:
        yield f"creative {creative}: the bundle has no embedding of it"
        return
    held = bundle.creative_embeddings[1 + bundle.creative_ids.index(creative)]
    wanted = replay.embeddings[row]
    if held.shape != wanted.shape:
        yield f"creative {creative}: embedding of {held.shape}, offline {wanted.shape}"
    elif (gap := float(np.abs(held - wanted).max())) > EMBEDDING_TOLERANCE:
        yield f"creative {creative}: embedding differs by up to {gap:.3g}"
