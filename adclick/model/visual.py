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
    """The picture's part of the logit: the mean over towers t of w_t . e_t + b_t + h_t . e_t.

    Inputs: `categorical` int32 (n, C) and `creative` float32 (n, E), the embeddings e, in which one
    tower's follow the other's. Output: (n, 1); the layer `votes` (n, towers) has what each tower
    says. h_t is the sum over columns c of a vector for slot_c, from the table `context`: a
    factorisation machine between picture and context (Rendle 2010). Words are left out.
    """
    slots = slots_input(len(slot_counts), texts)
    creative = keras.Input((options.embedding,), dtype="float32", name="creative")
    offsets = np.concatenate([[0], np.cumsum(slot_counts)[:-1]]).astype(np.int32)
    context = layers.Embedding(
        int(np.sum(slot_counts)),
        options.embedding,
        embeddings_initializer=keras.initializers.RandomNormal(stddev=0.1, seed=seeds.next()),
        embeddings_regularizer=keras.regularizers.L2(options.l2 / 20),
        name="context",
    )(keras.ops.add(offsets, columns_of(slots, len(slot_counts), texts)))
    in_context = creative * keras.ops.sum(context, axis=1)
    votes = []
    for tower in range(options.towers):
        own = slice(tower * options.image_dimensions, (tower + 1) * options.image_dimensions)
        alone = layers.Dense(1, kernel_initializer=seeds.kernel(), name=f"alone_{tower}")
        shown = keras.ops.sum(in_context[:, own], axis=1, keepdims=True)
        votes.append(alone(creative[:, own]) + shown)
    said = layers.Concatenate(name="votes")(votes)
    mean = keras.ops.mean(said, axis=1, keepdims=True)
    return keras.Model([slots, creative], mean, name="visual")


def weigh(visual: keras.Model, factor: float) -> None:
    """Make the picture's part `factor` times what it is: it is linear in all of its weights."""
    visual.set_weights([factor * weights for weights in visual.get_weights()])
