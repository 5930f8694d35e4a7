"""What a picture is worth: to everybody, and to whom it is shown."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
from keras import layers

from adclick.model.options import ModelOptions
from adclick.model.seeds import Seeds
from adclick.model.slots import columns_of, slots_input


def build_visual(
    slot_counts: Sequence[int], options: ModelOptions, seeds: Seeds, texts: int = 0
) -> keras.Model:
    """The picture's part of the logit: w . e + b + sum over columns c of h[slot_c] . e.

    Inputs: `categorical` int32 (n, C) and `creative` float32 (n, E), the embeddings e. Output:
    (n, 1). Words are left out. A factorisation machine between picture and context (Rendle 2010):
    `context` holds a vector h of width E for each slot.
    """
    slots = slots_input(len(slot_counts), texts)
    creative = keras.Input((options.image_dimensions,), dtype="float32", name="creative")
    offsets = np.concatenate([[0], np.cumsum(slot_counts)[:-1]]).astype(np.int32)
    context = layers.Embedding(
        int(np.sum(slot_counts)),
        options.image_dimensions,
        embeddings_initializer=keras.initializers.RandomNormal(stddev=0.1, seed=seeds.next()),
        embeddings_regularizer=keras.regularizers.L2(options.l2 / 20),
        name="context",
    )(keras.ops.add(offsets, columns_of(slots, len(slot_counts), texts)))
    alone = layers.Dense(1, kernel_initializer=seeds.kernel(), name="alone")(creative)
    in_context = keras.ops.sum(creative * keras.ops.sum(context, axis=1), axis=1, keepdims=True)
    return keras.Model([slots, creative], layers.Add()([alone, in_context]), name="visual")


def weigh(visual: keras.Model, factor: float) -> None:
    """Make the picture's part `factor` times what it is: it is linear in all of its weights."""
    visual.set_weights([factor * weights for weights in visual.get_weights()])
