"""Beginning a training with the weights of a former model, carried over value by value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from adclick.arrays import Float64, Int64
from adclick.encoding.encoder import (
    HOURS,
    WEEKDAYS,
    CategoricalEncoding,
    FeatureEncoder,
    NumericEncoding,
)
from adclick.model.click_model import ClickModel
from adclick.opaque import Opaque

if TYPE_CHECKING:
    import keras

TABLES = ("slots", "linear", "context")
NEW = -1

type Encoding = CategoricalEncoding | NumericEncoding


@dataclass(frozen=True)
class WarmStart(Opaque):
    """A former model by its version's name, with the encoder that it was trained with."""

    version: str
    model: ClickModel
    encoder: FeatureEncoder


def carry_over(start: WarmStart, model: ClickModel, encoder: FeatureEncoder) -> tuple[str, ...]:
    """Give an untrained `model` the weights of `start`; returns what begins anew, in words.

    A value's vectors go to the slot that the value has now, a number's bucket begins as the former
    one that it lies in. The other layers of the columns' network are carried over where columns and
    sizes are the same, tower and picture's part where the sizes are, and else begin anew together.
    """
    slots = former_slots(encoder, start.encoder)
    anew = _new_values(slots, encoder)
    same_columns = (encoder.slot_names, encoder.text) == (
        start.encoder.slot_names,
        start.encoder.text,
    )
    now, former = model.tabular.head, start.model.tabular.head
    _carry_tables(former, now, slots)
    if not (same_columns and _carry_others(former, now)):
        anew.append("the network over the columns: other columns or sizes")
    if model.tower is None:
        return tuple(anew)
    if start.model.tower is None or not _carry_others(start.model.tower, model.tower):
        return (*anew, "the images' tower: other sizes")
    former, now = (whole.head.get_layer("visual") for whole in (start.model, model))
    _carry_tables(former, now, slots)
    _carry_others(former, now)
    return tuple(anew)


def former_slots(encoder: FeatureEncoder, former: FeatureEncoder) -> Int64:
    """For each slot of all columns, one after the other, the former's of the same value, or NEW."""
    counts = former.slot_counts
    begins = dict(zip(former.slot_names, np.cumsum([0, *counts]), strict=False))
    known = {one.name: one for one in _encodings(former)}
    found = [_slots_of(one, known.get(one.name)) for one in _encodings(encoder)]
    found += [np.arange(HOURS), np.arange(WEEKDAYS)]
    return np.concatenate(
        [
            np.where(slots == NEW, NEW, slots + begins.get(name, 0))
            for name, slots in zip(encoder.slot_names, found, strict=True)
        ]
    )


def _encodings(encoder: FeatureEncoder) -> list[Encoding]:
    return [*encoder.categorical, *encoder.numeric]


def _slots_of(encoding: Encoding, former: Encoding | None) -> Int64:
    match encoding, former:
        case CategoricalEncoding(), CategoricalEncoding():
            return np.array([0, *(former.slots.get(value, NEW) for value in encoding.values)])
        case NumericEncoding(), NumericEncoding() if encoding.log == former.log:
            return np.searchsorted(former.edges, _middles(encoding), side="right")
        case CategoricalEncoding(values=values), _:
            return np.full(len(values) + 1, NEW)
        case NumericEncoding(edges=edges), _:
            return np.full(len(edges) + 1, NEW)


def _middles(encoding: NumericEncoding) -> Float64:
    """A number in each of the buckets, where they are open one that is just inside."""
    if not encoding.edges:
        return np.array([encoding.mean])
    edges = np.array(encoding.edges)
    below = np.nextafter(edges[:1], -np.inf)
    return np.concatenate([below, (edges[:-1] + edges[1:]) / 2, edges[-1:]])


def _new_values(slots: Int64, encoder: FeatureEncoder) -> list[str]:
    ends = np.cumsum(encoder.slot_counts)[:-1]
    columns = zip(encoder.slot_names, np.split(slots, ends), strict=True)
    counts = {name: (int(np.sum(part == NEW)), len(part)) for name, part in columns}
    return [
        f"column {name}" if new == count else f"{name}: {new} of {count} slots"
        for name, (new, count) in counts.items()
        if new
    ]


def _carry_tables(former: keras.Model, now: keras.Model, slots: Int64) -> None:
    known = slots != NEW
    for layer in (layer for layer in now.layers if layer.name in TABLES):
        (vectors,), (old,) = layer.get_weights(), former.get_layer(layer.name).get_weights()
        if vectors.shape[1] == old.shape[1]:
            vectors[known] = old[slots[known]]
            layer.set_weights([vectors])


def _carry_others(former: keras.Model, now: keras.Model) -> bool:
    """Whether all weights of the layers that are no tables could be carried over."""
    pairs = list(zip(_others(former), _others(now), strict=False))
    fits = len(_others(former)) == len(_others(now))
    if not (fits and all(one.shape == other.shape for one, other in pairs)):
        return False
    for old, new in pairs:
        new.assign(old)
    return True


def _others(network: keras.Model) -> list[keras.Variable]:
    layers = [layer for layer in network.layers if layer.name not in TABLES]
    weights = [weight for layer in layers for weight in layer.weights]
    return [weight for weight in weights if not weight.path.endswith("generator_state")]
